import { access, constants, readFile, readdir, writeFile } from 'node:fs/promises';
import { messageOf, type Clock } from '@millrace/kernel';
import { ProgressLine, type Output } from '../command-line/progress-line.js';
import { UsageError } from '../command-line/usage-error.js';
import { BENCH_USAGE, readBenchFlags, type BenchFlags } from './bench-flags.js';
import { writePage, type PageSection } from './bench-page.js';
import type { RegisteredCell } from './bench-registry.js';
import { lineOf, tableOf, voidRows } from './benchmark-rows.js';
import type { BenchmarkRow, CellOptions, CellTable } from './benchmark-cell.js';

/** What stands above the cells on a page that is written for the first time. */
const PAGE_INTRO = `# Scheduling benchmarks

The production policy in virtual time over recorded data, beside the published policies. Written by \`npm run bench:scheduling -- --out\`.`;

const DATA_SETTING = 'MILLRACE_BENCH_DATA';
/** What Node says of a file that is not there or can't be read. */
const FILE_FAULTS = new Set(['ENOENT', 'EACCES', 'EPERM', 'ENOTDIR', 'EISDIR']);

export interface BenchEnvironment {
  readonly argv: readonly string[];
  /** The folder of recorded data where no flag names one. */
  readonly dataFolder: string | undefined;
  readonly cells: readonly RegisteredCell[];
  readonly output: Output;
  readonly clock: Clock;
}

interface CellFigures {
  readonly rows: readonly BenchmarkRow[];
  readonly table: CellTable;
}

/**
 * Runs the cells that the words ask for.
 * @returns the exit code: 0; 1 where a row of ours missed a deadline; 2 where the words or the data can't be used.
 */
export async function runBench(environment: BenchEnvironment): Promise<number> {
  const { output } = environment;
  try {
    const flags = readBenchFlags(
      environment.argv,
      environment.cells.map(({ cell }) => cell.name),
    );
    if (flags.help) {
      output.out(`${BENCH_USAGE}\n`);
      return 0;
    }
    return await runCells(flags, environment);
  } catch (error) {
    const line = usageLineOf(error);
    if (line === undefined) throw error;
    output.err(`bench:scheduling: ${line}\n`);
    return 2;
  }
}

async function runCells(flags: BenchFlags, environment: BenchEnvironment): Promise<number> {
  const { output, cells } = environment;
  const chosen = cells.filter(({ cell }) => flags.cell === undefined || cell.name === flags.cell);
  const dataFolder = await dataFolderOf(flags, environment.dataFolder, chosen);
  await Promise.all([flags.pods, flags.fit === 'none' ? undefined : flags.fit].map(assertReadable));
  const rows: BenchmarkRow[] = [];
  const sections: PageSection[] = [];
  for (const { cell, heading } of chosen) {
    const progress = new ProgressLine(output, environment.clock);
    const options = optionsOf(flags, dataFolder, (text) => progress.tell(`cell ${cell.name}: ${text}`));
    const figures = await runCell(cell.run(options), (row) => {
      // A line first, so that a figure that is none ends the run in both forms.
      const line = lineOf(row);
      if (!flags.json) return;
      progress.clear();
      output.out(`${line}\n`);
    });
    progress.clear();
    if (!flags.json) output.out(`${heading}\n\n${tableOf(figures.rows)}\n`);
    rows.push(...figures.rows);
    sections.push({ heading, markdown: figures.table.markdown });
  }
  if (flags.out !== undefined) await writeSections(flags.out, sections, cells);
  for (const row of voidRows(rows)) output.err(`Void: ${lineOf(row)}: ours must miss no deadline.\n`);
  return voidRows(rows).length > 0 ? 1 : 0;
}

async function runCell(
  running: AsyncGenerator<BenchmarkRow, CellTable>,
  onRow: (row: BenchmarkRow) => void,
): Promise<CellFigures> {
  const rows: BenchmarkRow[] = [];
  for (;;) {
    const step = await running.next();
    if (step.done === true) return { rows, table: step.value };
    onRow(step.value);
    rows.push(step.value);
  }
}

function optionsOf(flags: BenchFlags, dataFolder: string, progress: (text: string) => void): CellOptions {
  const { zones, ratio, pods, fit } = flags;
  return {
    dataFolder,
    ...(zones !== undefined && { zones }),
    ...(ratio !== undefined && { ratio }),
    ...(pods !== undefined && { pods }),
    ...(fit !== undefined && { fit }),
    progress,
  };
}

async function dataFolderOf(
  flags: BenchFlags,
  setting: string | undefined,
  chosen: readonly RegisteredCell[],
): Promise<string> {
  const folder = flags.data ?? (setting === '' ? undefined : setting);
  const needed = chosen.some(({ needsData }) => needsData);
  if (folder === undefined) {
    if (!needed) return '';
    throw new UsageError(
      `No folder of recorded data is named: give --data DIR, or set ${DATA_SETTING}. docs/benchmarks/scheduling.md says what it holds.`,
    );
  }
  try {
    await readdir(folder);
  } catch (error) {
    const named = flags.data === undefined ? `${DATA_SETTING}=${folder}` : `--data ${folder}`;
    throw new UsageError(`${named} can't be read (${messageOf(error)}): name a folder of recorded data.`);
  }
  return folder;
}

async function assertReadable(file: string | undefined): Promise<void> {
  if (file === undefined) return;
  try {
    await access(file, constants.R_OK);
  } catch {
    throw new UsageError(`${file} can't be read: name a file that exists.`);
  }
}

async function writeSections(
  file: string,
  sections: readonly PageSection[],
  cells: readonly RegisteredCell[],
): Promise<void> {
  const earlier = await readFile(file, 'utf8').catch(() => '');
  const order = cells.map(({ heading }) => heading);
  try {
    await writeFile(file, writePage(PAGE_INTRO, sections, order, earlier));
  } catch (error) {
    throw new UsageError(`--out ${file} can't be written: ${messageOf(error)}`);
  }
}

/** What the caller can mend, in one line: his words, or a file that a cell looked for. */
function usageLineOf(error: unknown): string | undefined {
  if (error instanceof UsageError) return error.message;
  if (error instanceof Error && 'code' in error && FILE_FAULTS.has(String(error.code)))
    return `A file of recorded data can't be read (${error.message}): see what --data, --pods and --fit name.`;
  return undefined;
}
