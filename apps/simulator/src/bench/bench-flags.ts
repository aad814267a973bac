import { readFlags } from '../command-line/read-flags.js';
import { UsageError } from '../command-line/usage-error.js';

export const BENCH_USAGE =
  'npm run bench:scheduling -- [--cell U|S|F|Q|speed] [--data DIR] [--zones a,b,c] [--ratio 1.5] ' +
  '[--pods FILE] [--fit FILE|none] [--out FILE.md] [--json]';

const KINDS = {
  cell: 'text',
  data: 'text',
  zones: 'text',
  ratio: 'text',
  pods: 'text',
  fit: 'text',
  out: 'text',
  json: 'switch',
  help: 'switch',
} as const;

/** Deadline ÷ work: work alone fills the deadline at 1; past 100 a job is over within a tick or two. */
const RATIO_MAX = 100;

export interface BenchFlags {
  /** A name of the registry; all cells without it. */
  readonly cell?: string;
  readonly data?: string;
  readonly zones?: readonly string[];
  readonly ratio?: number;
  readonly pods?: string;
  readonly fit?: string;
  /** The page of documentation to write. */
  readonly out?: string;
  readonly json: boolean;
  readonly help: boolean;
}

/** Reads the flags of the benchmark. Throws a UsageError that says what to write instead. */
export function readBenchFlags(argv: readonly string[], cellNames: readonly string[]): BenchFlags {
  const { flags, words } = readFlags(KINDS, argv);
  if (words.length > 0) throw new UsageError(`"${words[0]}" belongs to no flag: ${BENCH_USAGE}`);
  return {
    ...(flags.cell !== undefined && { cell: cellOf(flags.cell, cellNames) }),
    ...(flags.data !== undefined && { data: flags.data }),
    ...(flags.zones !== undefined && { zones: zonesOf(flags.zones) }),
    ...(flags.ratio !== undefined && { ratio: ratioOf(flags.ratio) }),
    ...(flags.pods !== undefined && { pods: flags.pods }),
    ...(flags.fit !== undefined && { fit: flags.fit }),
    ...(flags.out !== undefined && { out: flags.out }),
    json: flags.json === true,
    help: flags.help === true,
  };
}

function cellOf(text: string, cellNames: readonly string[]): string {
  const known = cellNames.find((name) => name.toLowerCase() === text.toLowerCase());
  if (known === undefined) throw new UsageError(`There is no cell "${text}": take one of ${cellNames.join(', ')}.`);
  return known;
}

function zonesOf(text: string): readonly string[] {
  const zones = text.split(',').map((zone) => zone.trim());
  if (zones.includes(''))
    throw new UsageError(`--zones "${text}" has an empty name: write names with commas, as in us-east4-b,us-west1-b.`);
  if (new Set(zones).size < zones.length) throw new UsageError(`--zones "${text}" names a zone twice: name each once.`);
  return zones;
}

function ratioOf(text: string): number {
  const ratio = Number(text);
  if (!(ratio >= 1 && ratio <= RATIO_MAX))
    throw new UsageError(
      `--ratio "${text}" is no ratio of deadline to work: write a number from 1 to ${RATIO_MAX}, as in 1.5.`,
    );
  return ratio;
}
