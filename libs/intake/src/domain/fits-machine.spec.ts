import { describe, expect, it } from '@jest/globals';
import type { MachineFacts } from './queue-outlook.js';
import { checkFits } from './fits-machine.js';

const small = { pool: 'a10g', taskTypes: ['ti2v-5B'], gpus: 1, vramMiB: 24_576 };
const large = { pool: 'a100', taskTypes: ['ti2v-5B', 't2v-A14B'], gpus: 8, vramMiB: 40_960 };
const declared = (machines: readonly MachineFacts[], unfit: readonly (readonly [string, string])[] = []) => ({
  machines,
  unfit: new Map(unfit),
});
const task = (taskType: string, vramMiB: number, gpus = 1) => ({ taskType, needs: { gpus, vramMiB } });

describe('a task that no machine can ever run (VEC-20)', () => {
  it.each([
    ['nothing is declared', task('t2v-A14B', 40_960), []],
    ['one of several machines is large enough', task('ti2v-5B', 22_528), [small, large]],
    ['it just fits', task('t2v-A14B', 40_960), [small, large]],
    ['a gang fits one machine', task('ti2v-5B', 1, 8), [large]],
  ])('is none when %s', (_name, wanted, machines) => {
    expect(() => checkFits(wanted, declared(machines))).not.toThrow();
  });

  it('names what would fit where the task is too large', () => {
    expect(() => checkFits(task('ti2v-5B', 90_000), declared([small, large]))).toThrow(
      expect.objectContaining({
        code: 'no_fitting_machine',
        message:
          'ti2v-5B of this size needs 1 GPU with 90000 MiB each, and no machine has that. There are 1 GPU with 24576 MiB each in pool a10g; 8 GPU with 40960 MiB each in pool a100.',
        errors: [{ pointer: '/resolution', message: 'send a smaller resolution' }],
      }),
    );
  });

  it('counts a machine only for the types it runs, and its GPUs with the memory of one machine', () => {
    expect(() => checkFits(task('t2v-A14B', 40_960), declared([small]))).toThrow('Pools run ti2v-5B');
    expect(() => checkFits(task('ti2v-5B', 30_000, 1), declared([{ ...large, taskTypes: [] }, small]))).toThrow('a10g');
    expect(() => checkFits(task('ti2v-5B', 1, 9), declared([small, large]))).toThrow('needs 9 GPU');
  });

  it('TYP-23: says what the scheduler says of a type that no machine has the CPU for', () => {
    const text = 'No machine has 8 CPUs.';
    const machines = declared(
      [
        { ...small, taskTypes: [] },
        { ...large, taskTypes: ['t2v-A14B'] },
      ],
      [['ti2v-5B', text]],
    );
    expect(() => checkFits(task('ti2v-5B', 1), machines)).toThrow(`${text} Pools run t2v-A14B.`);
  });
});
