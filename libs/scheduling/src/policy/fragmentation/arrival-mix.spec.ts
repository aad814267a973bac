import { describe, expect, it } from '@jest/globals';
import { ArrivalMix } from './arrival-mix.js';
import type { TaskClass } from './task-class.js';

const SMALL: TaskClass = { cpuMilli: 1000, memoryMib: 1, gpus: 1, gpuMilli: 500, kinds: null };
const LARGE: TaskClass = { ...SMALL, gpuMilli: 1000 };

/** Numbers of arrivals after which there was something to learn. */
function lessons(mix: ArrivalMix<TaskClass>, arrivals: number, taskClass = SMALL): readonly number[] {
  return Array.from({ length: arrivals }, (_, at) => at + 1).filter(() => mix.observe(taskClass));
}

describe('ArrivalMix', () => {
  it('knows what arrived, and how often', () => {
    const mix = new ArrivalMix<TaskClass>();
    [SMALL, LARGE, SMALL].forEach((taskClass) => mix.observe(taskClass));
    expect(mix.expected()).toEqual([
      { taskClass: SMALL, weight: 2 },
      { taskClass: LARGE, weight: 1 },
    ]);
  });

  it('teaches ever more rarely', () => {
    expect(lessons(new ArrivalMix<TaskClass>(), 300)).toEqual([16, 32, 64, 128, 256]);
  });

  it('goes on teaching for ever, with older arrivals counting less, and forgets what no longer comes', () => {
    const mix = new ArrivalMix<TaskClass>();
    mix.observe(LARGE);
    const all = lessons(mix, 200_000);
    expect(all.filter((at) => at > 65_536).length).toBeGreaterThanOrEqual(4);
    expect(mix.expected()).toHaveLength(1);
    expect(mix.expected()[0]?.weight).toBeLessThanOrEqual(65_536);
  });

  it('follows a change', () => {
    const mix = new ArrivalMix<TaskClass>();
    lessons(mix, 65_536, SMALL);
    lessons(mix, 3 * 32_768, LARGE);
    const weightOf = (taskClass: TaskClass): number =>
      mix.expected().find((one) => one.taskClass === taskClass)?.weight ?? 0;
    expect(weightOf(LARGE)).toBeGreaterThan(5 * weightOf(SMALL));
  });
});
