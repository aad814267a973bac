import { AppError, sleep, type Clock } from '@millrace/kernel';
import type { EngineOutput, EngineRun, GenerationJob, InferenceEngine } from './ports/inference-engine.port.js';

const TOTAL_STEPS = 1;
const NOTHING = new Uint8Array();

/** An engine that does nothing, in one step: what a task costs without its work. For benchmarks and smoke tests. */
export function createNoopEngine({ clock }: { readonly clock: Clock }): InferenceEngine {
  return {
    name: 'noop',
    taskTypes: ['noop'],
    models: ['noop@1'],
    modelHash: () => 'noop-1',
    totalSteps: () => TOTAL_STEPS,
    load: () => Promise.resolve(),
    run: (job, run) => runNothing(clock, job, run),
    close: () => Promise.resolve(),
  };
}

async function runNothing(clock: Clock, job: GenerationJob, run: EngineRun): Promise<EngineOutput> {
  if (job.taskType !== 'noop') {
    const message = 'This engine makes noop only.';
    throw new AppError({ kind: 'validation', code: 'engine_input_invalid', message });
  }
  run.signal.throwIfAborted();
  for (let step = (run.resumeFrom?.step ?? 0) + 1; step <= TOTAL_STEPS; step++) {
    await run.onStep({
      step,
      totalSteps: TOTAL_STEPS,
      stage: 'denoising',
      preview: () => Promise.resolve(undefined),
      checkpoint: () => Promise.resolve({ step, state: NOTHING, newBlobs: [] }),
    });
    if (job.stepDelayMs > 0) await sleep(clock, job.stepDelayMs, run.signal);
    run.signal.throwIfAborted();
  }
  return { files: [] };
}
