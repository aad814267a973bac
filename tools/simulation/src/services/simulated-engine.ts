import { AppError, sleep, type Clock, type Rng } from '@millrace/kernel';
import type { EngineOutput, EngineRun, GenerationJob, InferenceEngine } from '@millrace/execution/ports';

/** Of so many tasks one asks for something impossible, and one in so many crashes the engine now and then. */
const IMPOSSIBLE_ONE_IN = 20;
const FRAGILE_ONE_IN = 10;

/** An engine that takes a second or so per step, and fails by the task's seed. */
export function createSimulatedEngine(clock: Clock, rng: Rng): InferenceEngine {
  return {
    name: 'simulated',
    models: ['demo-video@1'],
    taskTypes: ['noop'],
    modelHash: (job) => `hash-${job.seed}`,
    totalSteps: (job) => job.steps,
    load: () => sleep(clock, 2_000),
    run: (job, run) => runSteps(job, run, clock, rng),
    close: async () => {},
  };
}

async function runSteps(job: GenerationJob, run: EngineRun, clock: Clock, rng: Rng): Promise<EngineOutput> {
  for (let step = (run.resumeFrom?.step ?? 0) + 1; step <= job.steps; step++) {
    await sleep(clock, 500 + rng.next() * 1_000, run.signal);
    run.signal.throwIfAborted();
    if (job.seed % IMPOSSIBLE_ONE_IN === 0) {
      throw new AppError({
        kind: 'validation',
        code: 'engine_input_invalid',
        message: 'This can not be made.',
        retriable: false,
      });
    }
    if (job.seed % FRAGILE_ONE_IN === 1 && rng.next() < 0.05) throw new Error('the engine crashed');
    await run.onStep({
      step,
      totalSteps: job.steps,
      stage: 'denoising',
      preview: async () => undefined,
      checkpoint: async () => ({ step, state: new TextEncoder().encode(String(step)), newBlobs: [] }),
    });
  }
  const files = [{ kind: 'video' as const, path: `${run.workDirectory}/video.mp4`, mediaType: 'video/mp4' }];
  return { files, media: { durationS: job.durationS, ...job.resolution } };
}
