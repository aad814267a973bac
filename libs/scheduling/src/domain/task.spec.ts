import { describe, expect, it } from '@jest/globals';
import { aHolder, aReport, aTask } from '../testing/builders.js';
import { failureReason } from './failure-reason.js';
import { gpuMsOf, processingMs, provisionalCost, type Task } from './task.js';
import type { TaskCommand } from './task-command.js';
import { transition } from './transition.js';

function played(steps: readonly (readonly [number, Exclude<TaskCommand, { kind: 'requested' }>])[]): Task {
  return steps.reduce((task, [now, command]) => transition(task, command, now).next, aTask());
}

const lease = (pricePerGpuHour: bigint) =>
  ({ kind: 'leased', holder: aHolder({ pricePerGpuHour }), reason: '' }) as const;

describe('figures of a task', () => {
  const task = played([
    [1_000, lease(3_600_000n)],
    [2_000, { kind: 'started', report: aReport() }],
    [5_000, { kind: 'preempted', report: aReport({ number: 2, gpuMs: 3_000 }) }],
    [6_000, lease(7_200_000n)],
    [7_000, { kind: 'started', report: aReport({ gpuMs: 0 }) }],
    [
      9_000,
      {
        kind: 'succeeded',
        report: aReport({ number: 2, gpuMs: 2_000 }),
        result: { artifacts: [], media: null, engine: '' },
      },
    ],
  ]);

  it('GPU time is that of all attempts', () => expect(gpuMsOf(task)).toBe(5_000));
  it('the provisional cost is that of the billable ones, at the prices they ran at', () =>
    // 2,000 ms at 7,200,000 nano-dollars an hour; the preempted attempt costs nothing (attribution rule 7).
    expect(provisionalCost(task)).toBe(4_000n));
  it('processing lasts from the first start to the end', () => expect(processingMs(task)).toBe(7_000));
  it('a task that never started was processed for 0 ms', () =>
    expect(processingMs(played([[1, { kind: 'cancelRequested' }]]))).toBe(0));
});

describe('failureReason', () => {
  it.each([
    ['engine_crashed', 'crash'],
    ['image_unreadable', 'invalid_input'],
    ['out_of_memory', 'out_of_memory'],
    ['timeout', 'timeout'],
    ['something_new', 'crash'],
  ])('%s stands for %s', (code, reason) => expect(failureReason(code)).toBe(reason));
});
