import { describe, expect, it } from '@jest/globals';
import {
  taskCharged,
  taskCompleted,
  taskFailed,
  taskProgressed,
  taskQueued,
  taskRequeued,
  taskStarted,
} from '@millrace/contracts';
import { VirtualClock } from '@millrace/kernel';
import { receivedEvent } from '@millrace/messaging/testing';
import { ProgressTerminal } from './progress-terminal.js';

const VIDEO = { id: 'a', kind: 'video' as const, key: 't/x/video.mp4', mediaType: 'video/mp4', bytes: 1, sha256: 'x' };

function terminal(columns?: number) {
  const clock = new VirtualClock();
  let text = '';
  const output = { write: (part: string) => void (text += part), columns };
  return { clock, shown: () => text, show: new ProgressTerminal(output, clock, async (key) => `http://host/${key}`) };
}

describe('what the terminal shows of a task', () => {
  it('tells start, end, time, cost and URL in a line each', async () => {
    const { show, shown } = terminal();
    await show.show([
      receivedEvent(taskQueued),
      receivedEvent(taskProgressed, { step: 60, totalSteps: 120, stage: 'rendering' }),
      receivedEvent(taskCompleted, { artifacts: [VIDEO], processingMs: 14_000 }),
      receivedEvent(taskCharged, { billedGpuMs: 11_800, cost: '3100000' }),
    ]);
    expect(shown().split('\n')).toEqual([
      '  task …099a8057 ti2v-5B queued',
      '  task …099a8057 ti2v-5B  ██████████░░░░░░░░░░ 60/120 rendering',
      '  task …099a8057 completed in 14.0 s · 11.8 GPU-s · $0.0031 · http://host/t/x/video.mp4',
      '',
    ]);
  });

  it('does not wait for ever for a charge', async () => {
    const { clock, show, shown } = terminal();
    await show.show([receivedEvent(taskCompleted, { artifacts: [VIDEO], processingMs: 2000 })]);
    expect(shown()).toBe('');
    await clock.advance(5000);
    expect(shown()).toContain('completed in 2.0 s · http://host/t/x/video.mp4');
  });

  it('shows lost attempts, resumes and failures', async () => {
    const { show, shown } = terminal();
    const attempt = { ...taskStarted.fixture.attempt, number: 2, resumedFromStep: 30 };
    await show.show([receivedEvent(taskRequeued), receivedEvent(taskStarted, { attempt }), receivedEvent(taskFailed)]);
    expect(shown()).toMatch(
      /attempt 1 was lost: queued again\n.*attempt 2 goes on from step 30\n.*failed \(crash\): The engine stopped/,
    );
  });

  it('rewrites one line on a terminal, within its width, a few times a second', async () => {
    const { clock, show, shown } = terminal(40);
    for (let step = 1; step <= 10; step++) {
      await show.show([receivedEvent(taskProgressed, { step, totalSteps: 10 })]);
      await clock.advance(50);
    }
    const rewrites = shown().split('\r').slice(1);
    expect(rewrites.length).toBeLessThanOrEqual(4);
    expect(Math.max(...rewrites.map((line) => line.replace('\u001b[2K', '').length))).toBeLessThan(40);
  });
});
