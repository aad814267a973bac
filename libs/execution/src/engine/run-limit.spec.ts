import { describe, expect, it } from '@jest/globals';
import { attemptReported } from '@millrace/contracts';
import { buildTaskId, createFakeWorld, createRegisteredWorker, createScriptedEngine } from '../testing/index.js';
import type { InferenceEngine } from './ports/inference-engine.port.js';

const RUN_LIMIT_MS = 60_000;
const settings = { runLimitMs: RUN_LIMIT_MS };

/** An engine whose first run never ends, whatever it is told; the next ones do what the script says. */
function stuckOnce(world: ReturnType<typeof createFakeWorld>): InferenceEngine {
  const engine = createScriptedEngine(world.clock, { steps: 2 });
  const run = engine.run.bind(engine);
  let runs = 0;
  return Object.assign(engine, {
    run: (...call: Parameters<InferenceEngine['run']>) => (runs++ === 0 ? new Promise<never>(() => {}) : run(...call)),
  });
}

describe('an attempt that takes too long', () => {
  it('WRK-13: is stopped at the limit, fails as one that may be tried again, and frees its slot', async () => {
    const fake = await createRegisteredWorker({ settings, script: { stepMs: 1_000, steps: 100_000 } });
    fake.assign();
    await fake.clock.advance(RUN_LIMIT_MS - 1);
    expect(fake.reportedKinds()).not.toContain('failed');
    await fake.clock.advance(1_000);
    expect(fake.said(attemptReported).at(-1)).toMatchObject({
      kind: 'failed',
      error: { code: 'attempt_timed_out', retryable: true },
      gpuMs: RUN_LIMIT_MS,
    });
    expect([fake.folders.size, fake.worker.load().attempts]).toEqual([0, 0]);
  });

  it('keeps neither slot nor lease with an engine that never returns', async () => {
    const world = createFakeWorld();
    const fake = await createRegisteredWorker({ world, settings, engines: [stuckOnce(world)] });
    fake.assign();
    fake.assign({ taskId: buildTaskId(2) });
    await fake.clock.advance(RUN_LIMIT_MS + 15_000);
    await fake.clock.advance(5_000);
    expect(fake.said(attemptReported).map(({ kind, error }) => [kind, error?.code])).toEqual([
      ['started', undefined],
      ['failed', 'attempt_timed_out'],
      ['started', undefined],
      ['succeeded', undefined],
    ]);
  });

  it('says nothing of the limit where the end came before it', async () => {
    const fake = await createRegisteredWorker({ settings, script: { steps: 3 } });
    fake.assign();
    await fake.clock.advance(2 * RUN_LIMIT_MS);
    expect(fake.reportedKinds()).toEqual(['started', 'succeeded']);
  });
});
