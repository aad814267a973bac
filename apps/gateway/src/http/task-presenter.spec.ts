import { describe, expect, it } from '@jest/globals';
import { newTaskView } from '@millrace/intake';
import { aTaskRequest } from '@millrace/intake/testing';
import { VirtualClock } from '@millrace/kernel';
import type { Gateway } from '../gateway.js';
import { TaskPresenter } from './task-presenter.js';

const clock = new VirtualClock();
const waiting = newTaskView(aTaskRequest(1));

describe('the tag of a task that waits', () => {
  it('changes when its estimate moves by 10 s or more, and not with each snapshot', () => {
    const tagAt = (p90: number): string => {
      const queue = { waitingReason: () => undefined, place: () => ({ position: 3, finish: { p50: 0, p90 } }) };
      return new TaskPresenter({ progress: { of: () => undefined }, queue } as unknown as Gateway, clock).tag(waiting);
    };
    expect(tagAt(101_000)).toBe(tagAt(104_000));
    expect(tagAt(111_000)).not.toBe(tagAt(101_000));
  });
});
