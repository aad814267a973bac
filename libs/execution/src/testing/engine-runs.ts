import { createHash } from 'node:crypto';
import type {
  EngineOutput,
  EngineRun,
  EngineStep,
  GenerationJob,
  InferenceEngine,
  ResumePoint,
} from '../engine/ports/index.js';
import type { StepClock } from './step-clock.js';

/** An engine under test, not loaded, and the world around it. */
export interface InferenceEngineUnderTest {
  readonly engine: InferenceEngine;
  /** A job of few steps, without a delay. */
  readonly job: GenerationJob;
  /** Makes a new, empty folder. */
  workDirectory(): Promise<string>;
  readFile(path: string): Promise<Uint8Array>;
  /** Names of what a folder holds. */
  listFiles(directory: string): Promise<readonly string[]>;
  close(): Promise<void>;
}

export interface EngineWorld extends InferenceEngineUnderTest {
  readonly clock: StepClock;
}

export interface RunOptions {
  readonly job?: GenerationJob;
  readonly onStep?: (step: EngineStep) => Promise<void> | void;
  readonly signal?: AbortSignal;
  readonly resumeFrom?: ResumePoint;
}

/** Runs a job to its end. `digest` stands for kinds, types and bytes of all files. */
export async function completed(
  world: EngineWorld,
  options: RunOptions = {},
): Promise<{ readonly digest: string; readonly firstStep: number | undefined; readonly steps: number }> {
  const seen: number[] = [];
  const directory = await world.workDirectory();
  const output = await start(world, options, directory, (step) => seen.push(step.step));
  return { digest: await digestOf(world, output), firstStep: seen[0], steps: seen.length };
}

/** Runs a job that is expected to fail: what with, after how many steps, and the files it has left. */
export async function outcomeOf(
  world: EngineWorld,
  options: RunOptions,
): Promise<{ readonly error: unknown; readonly steps: number; readonly left: readonly string[] }> {
  const directory = await world.workDirectory();
  let steps = 0;
  const error: unknown = await start(world, options, directory, () => steps++).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { error, steps, left: await world.listFiles(directory) };
}

const CHECKPOINT_EVERY = 3;

/** Runs a job with a checkpoint every few steps, and aborts it after one at step `at`; where to go on from. */
export async function interruptedAt(world: EngineWorld, at: number, resumeFrom?: ResumePoint): Promise<ResumePoint> {
  const controller = new AbortController();
  let point: ResumePoint = resumeFrom ?? { step: 0, state: new Uint8Array(), blobs: [] };
  const onStep = async (step: EngineStep): Promise<void> => {
    if (step.step !== at && step.step % CHECKPOINT_EVERY !== 0) return;
    const { state, newBlobs } = await step.checkpoint();
    point = { step: step.step, state, blobs: [...point.blobs, ...newBlobs] };
    if (step.step === at) controller.abort(new Error(`interrupted at ${at}`));
  };
  const { error } = await outcomeOf(world, {
    onStep,
    signal: controller.signal,
    ...(resumeFrom === undefined ? {} : { resumeFrom }),
  });
  if (point.step !== at) throw new Error(`the engine did not get to step ${at}`, { cause: error });
  return point;
}

function start(
  world: EngineWorld,
  { job = world.job, onStep, signal, resumeFrom }: RunOptions,
  workDirectory: string,
  count: (step: EngineStep) => void,
): Promise<EngineOutput> {
  const run: EngineRun = {
    workDirectory,
    gpuIds: [],
    signal: signal ?? new AbortController().signal,
    ...(resumeFrom === undefined ? {} : { resumeFrom }),
    onStep: async (step) => {
      count(step);
      await onStep?.(step);
    },
  };
  return world.engine.run(job, run);
}

async function digestOf(world: EngineWorld, output: EngineOutput): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(output.media ?? null));
  for (const { kind, path, mediaType } of output.files) {
    hash.update(`${kind} ${mediaType} `).update(await world.readFile(path));
  }
  return hash.digest('hex');
}
