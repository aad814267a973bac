import { readFile, writeFile } from 'node:fs/promises';
import { messageOf, type Clock } from '@millrace/kernel';
import { ProgressLine, type Output } from './command-line/progress-line.js';
import { UsageError } from './command-line/usage-error.js';
import { buildReport } from './report/build-report.js';
import { checkExpectations, tellVerdict, type Verdict } from './report/check-expectations.js';
import { CycleRecording } from './replay/cycle-recording.js';
import { reportPage } from './report/report-page.js';
import { reportTable, showDuration } from './report/report-table.js';
import type { Report } from './report/report.js';
import { readScenario } from './scenario/read-scenario.js';
import { Simulation, type SimulationResult } from './scenario/simulation.js';

export interface RunRequest {
  readonly file: string;
  readonly json: boolean;
  /** Where the page goes. */
  readonly html?: string;
  readonly seed?: number;
  /** Where each cycle is written, to be replayed. */
  readonly record?: string;
}

export interface RunSurroundings {
  readonly output: Output;
  readonly clock: Clock;
  /** Aborted by Ctrl-C: the report of what has been run so far follows. */
  readonly stop: AbortSignal;
}

/**
 * Runs a scenario's file and reports.
 * @returns the exit code: 0; 1 where an expectation is not met; 130 where it was stopped.
 */
export async function runScenario(request: RunRequest, surroundings: RunSurroundings): Promise<number> {
  const { output, stop } = surroundings;
  const scenario = readScenario(request.file, await readScenarioFile(request.file));
  const recording = request.record === undefined ? undefined : new CycleRecording(request.record, scenario.name);
  const simulation = new Simulation(
    request.seed === undefined ? scenario : { ...scenario, seed: request.seed },
    recording === undefined ? {} : { policy: recording.policy },
  );
  const result = await simulate(simulation, scenario.durationMs, surroundings);
  recording?.close();
  if (recording !== undefined && recording.left > 0)
    output.err(`${recording.left} cycles are not in ${request.record}: it is full, or they were too large.\n`);
  const report = buildReport(result);
  // A run that was stopped, or has another seed, is not what the ranges are for.
  const held = report.complete && request.seed === undefined;
  const verdicts = held ? checkExpectations(report, scenario.expectations) : [];
  output.out(request.json ? `${JSON.stringify(withVerdicts(report, verdicts))}\n` : reportTable(report));
  if (request.html !== undefined) await writePage(request.html, reportPage(report, verdicts), output);
  const failed = verdicts.filter(({ met }) => !met);
  for (const verdict of failed) output.err(`${tellVerdict(verdict)}\n`);
  if (!request.json && verdicts.length > 0)
    output.out(`\nExpectations: ${verdicts.length - failed.length} of ${verdicts.length} met\n`);
  if (stop.aborted) return 130;
  return failed.length > 0 ? 1 : 0;
}

/** Runs to the end or until stopped, and tells how far it is. */
async function simulate(
  simulation: Simulation,
  durationMs: number,
  { output, clock, stop }: RunSurroundings,
): Promise<SimulationResult> {
  const progress = new ProgressLine(output, clock);
  const startedMs = clock.monotonicMs();
  const steps = simulation.run();
  try {
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
      // Lets a signal in.
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (stop.aborted) return simulation.result(false);
      const { nowMs, events } = step.value;
      const perS = events / Math.max(0.001, (clock.monotonicMs() - startedMs) / 1_000);
      const done = Math.min(100, Math.floor((100 * nowMs) / durationMs));
      progress.tell(
        `${showDuration(nowMs / 1_000)} simulated, ${done} %, ${Math.round(perS).toLocaleString('en-US')} events/s`,
      );
    }
  } finally {
    progress.clear();
  }
}

async function readScenarioFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file} can't be read (${messageOf(error)}): name the YAML file of a scenario.`);
  }
}

async function writePage(file: string, page: string, output: Output): Promise<void> {
  try {
    await writeFile(file, page);
  } catch (error) {
    throw new UsageError(`--html ${file} can't be written: ${messageOf(error)}`);
  }
  output.err(`The page is in ${file}\n`);
}

function withVerdicts(report: Report, verdicts: readonly Verdict[]): object {
  const expectations = verdicts.map(({ expectation: { metric, min, max, place }, actual, met }) => ({
    ...{ metric, place, met, actual: actual ?? null },
    ...(min > -Infinity && { min }),
    ...(max < Infinity && { max }),
  }));
  return { ...report, expectations };
}
