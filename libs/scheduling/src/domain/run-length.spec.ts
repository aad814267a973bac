import { describe, expect, it } from '@jest/globals';
import { aHolder, aReport, aTask } from '../testing/builders.js';
import { runGpuMs } from './run-length.js';
import type { TaskCommand } from './task-command.js';
import type { Task } from './task.js';
import { transition } from './transition.js';

type Ending = readonly [
  kind: 'preempted' | 'failed' | 'succeeded' | 'lost' | 'untouched',
  gpuMs: number,
  resumedFromStep?: number,
];

/** A task whose attempts ended so, in order. */
function after(...endings: readonly Ending[]): Task {
  let task = aTask();
  const apply = (command: Exclude<TaskCommand, { kind: 'requested' }>) => (task = transition(task, command, 0).next);
  for (const [kind, gpuMs, resumedFromStep = 0] of endings) {
    apply({ kind: 'leased', holder: aHolder(), reason: 'spec' });
    const report = aReport({ gpuMs, resumedFromStep });
    if (kind !== 'untouched') apply({ kind: 'started', report: { ...report, gpuMs: 0 } });
    const ended = { ...report, number: 2 };
    if (kind === 'untouched') apply({ kind: 'preempted', report: { ...report, gpuMs: 0 } });
    if (kind === 'preempted') apply({ kind, report: ended });
    if (kind === 'lost') apply({ kind, closedAtMs: 0, counted: true });
    if (kind === 'failed') apply({ kind, report: ended, error: { code: 'x', message: 'x', retryable: true } });
    if (kind === 'succeeded') apply({ kind, report: ended, result: { artifacts: [], media: null, engine: 'e' } });
  }
  return task;
}

describe('the GPU time of a run', () => {
  it.each<readonly [string, readonly Ending[], number | undefined]>([
    ['one attempt', [['succeeded', 700]], 700],
    ['nothing succeeded yet', [['preempted', 700]], undefined],
    [
      'it went on from a checkpoint',
      [
        ['preempted', 300],
        ['succeeded', 500, 4],
      ],
      800,
    ],
    [
      'it went on twice',
      [
        ['preempted', 300],
        ['preempted', 200, 3],
        ['succeeded', 500, 4],
      ],
      1_000,
    ],
    [
      'it began anew: what came before is no part of it',
      [
        ['preempted', 300],
        ['succeeded', 900],
      ],
      900,
    ],
    [
      'a failure before it began anew',
      [
        ['failed', 300],
        ['succeeded', 900],
      ],
      900,
    ],
    [
      'a part was lost',
      [
        ['lost', 300],
        ['succeeded', 500, 4],
      ],
      undefined,
    ],
    [
      'a part failed',
      [
        ['failed', 300],
        ['succeeded', 500, 4],
      ],
      undefined,
    ],
    [
      'handed back before it started',
      [
        ['preempted', 300],
        ['untouched', 0],
        ['succeeded', 500, 4],
      ],
      800,
    ],
  ])('%s', (_name, endings, wanted) => {
    expect(runGpuMs(after(...endings))).toBe(wanted);
  });
});
