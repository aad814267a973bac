import { describe, expect, it } from '@jest/globals';
import { seededRng } from '@millrace/kernel';
import fc from 'fast-check';
import { aPendingTask, aWorkerView } from '../../testing/builders.js';
import { decide } from '../decide.js';
import { DEFAULT_ORDERING } from '../ordering/ordering-policy.js';
import type { PendingTask, PolicyConfig, RunningTask, WorkerView } from '../snapshot.js';

const STEP_MS = 1_000;
const LONGEST_MS = 30_000;
const MAX_WAIT_MS = 60_000;
const GPUS = 4;
/** The machines are full by then. */
const SUBMITTED_MS = 40_000;
/** Small work beyond it is forgotten, so that a run stays short. */
const QUEUE_LIMIT = 60;
const POLICY: PolicyConfig = {
  maxPlacements: 100,
  ordering: { ...DEFAULT_ORDERING, classes: new Map([[0, { maxWaitMs: MAX_WAIT_MS }]]) },
};

interface Running {
  readonly task: PendingTask;
  readonly worker: number;
  readonly devices: readonly number[];
  readonly startedMs: number;
  readonly endsMs: number;
}

/** When all of `wanted` run, while single GPUs are asked for faster than they come free. */
function startOf(wanted: readonly PendingTask[], nodes: number, seed: number, policy = POLICY): number {
  const rng = seededRng(seed);
  let pending: readonly PendingTask[] = [];
  let running: readonly Running[] = [];
  let made = 100;
  for (let now = 0; now < 10 * MAX_WAIT_MS; now += STEP_MS) {
    running = running.filter(({ endsMs }) => endsMs > now);
    const small = Array.from({ length: 1 + Math.floor(rng.next() * 3) }, () =>
      aPendingTask((made += 1), { requestedAt: now, predictedGpuMs: 1_000 }),
    );
    pending = [...pending, ...small, ...(now === SUBMITTED_MS ? wanted : [])];
    const workers = Array.from({ length: nodes }, (_, at) => toWorker(at, running));
    const decisions = decide({ pending, workers }, policy, now);
    const placed = decisions.flatMap((decision) =>
      decision.kind === 'place' ? [{ ...decision, endsMs: now + Math.ceil(rng.next() * LONGEST_MS) }] : [],
    );
    const started = placed.map(({ task, worker, devices = [], endsMs }): Running => {
      return { task, worker: Number(worker.workerId.slice(-5)), devices, startedMs: now, endsMs };
    });
    running = [...running, ...started];
    const ids = new Set(started.map(({ task }) => task.id));
    const waiting = pending.filter(({ id }) => !ids.has(id));
    pending = waiting.filter((task, at) => wanted.includes(task) || at >= waiting.length - QUEUE_LIMIT);
    if (wanted.every(({ id }) => ids.has(id))) return now - SUBMITTED_MS;
    expect(wanted.some(({ id }) => ids.has(id))).toBe(false);
  }
  return Infinity;
}

function toWorker(number: number, running: readonly Running[]): WorkerView {
  const own = running.filter(({ worker }) => worker === number);
  const taken = new Set(own.flatMap(({ devices }) => devices));
  const devices = Array.from({ length: GPUS }, (_, at) => {
    return taken.has(at) ? { freeMilli: 0, freeVramMiB: 0 } : { freeMilli: 1000, freeVramMiB: 81_920 };
  });
  return aWorkerView(number, { gpus: GPUS, slots: 16, devices, running: own.map(toRunning) });
}

function toRunning({ task, devices, startedMs, endsMs }: Running): RunningTask {
  const { id, taskType, priority, needs } = task;
  const fixed = { preemptible: false, unsavedMs: 0, preemptions: 0 };
  return { id, taskType, priority, needs, devices, startedAt: startedMs, expectedEndAt: endsMs, ...fixed };
}

describe('the cap on age', () => {
  const worlds = fc.record({ nodes: fc.integer({ min: 2, max: 4 }), seed: fc.integer({ min: 1, max: 1_000_000 }) });

  it('QUE-13: a whole machine is had at most one task after the maximum wait, whatever small work comes', () => {
    fc.assert(
      fc.property(worlds, ({ nodes, seed }) => {
        const one = aPendingTask(1, {
          requestedAt: SUBMITTED_MS,
          needs: { gpus: GPUS, vramMiB: 1 },
          predictedGpuMs: 900_000,
        });
        expect(startOf([one], nodes, seed)).toBeLessThanOrEqual(MAX_WAIT_MS + LONGEST_MS + STEP_MS);
      }),
      { numRuns: 4 },
    );
  });

  it('SCH-40: backfill does not starve a gang that needs two whole machines', () => {
    fc.assert(
      fc.property(worlds, ({ nodes, seed }) => {
        const gang = [1, 2].map((number) =>
          aPendingTask(number, {
            requestedAt: SUBMITTED_MS,
            needs: { gpus: GPUS, vramMiB: 1 },
            predictedGpuMs: 900_000,
            gang: { id: 'g', size: 2 },
          }),
        );
        expect(startOf(gang, nodes, seed)).toBeLessThanOrEqual(MAX_WAIT_MS + LONGEST_MS + STEP_MS);
      }),
      { numRuns: 4 },
    );
  });

  it('is what does it: without holding, the machine is never empty', () => {
    const one = aPendingTask(1, {
      requestedAt: SUBMITTED_MS,
      needs: { gpus: GPUS, vramMiB: 1 },
      predictedGpuMs: 900_000,
    });
    expect(startOf([one], 2, 7, { ...POLICY, maxHolds: 0 })).toBe(Infinity);
  });
});
