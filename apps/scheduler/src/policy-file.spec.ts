import { describe, expect, it } from '@jest/globals';
import { DEFAULT_SCHEDULING_POLICY } from '@millrace/scheduling';
import { parsePolicy } from './policy-file.js';

const parse = (file: object) => parsePolicy(JSON.stringify(file));

describe('the scheduling policy file', () => {
  it('that is empty means: everyone equal, no quota, low priority steps aside', () => {
    expect({ ...parse({}), version: 'default' }).toEqual(DEFAULT_SCHEDULING_POLICY);
    expect(parse({}).version).toMatch(/^[0-9a-f]{12}$/);
    expect(parse({}).version).not.toBe(parse({ slackGpuSeconds: 1 }).version);
  });

  it('SCH-39: gives tenants weights and quotas, and namespaces quotas, in whole units', () => {
    const policy = parse({
      tenants: { acme: { weight: 2, quota: { gpus: 10, tasks: 4 } }, beta: { weight: 0.5 } },
      namespaces: { ci: { quota: { gpus: 8, cpu: 16, ramGiB: 64 } } },
    });
    expect(policy.ordering.weights).toEqual(
      new Map([
        ['acme', 2],
        ['beta', 0.5],
      ]),
    );
    expect(policy.quotas).toEqual([
      { scope: 'tenant', name: 'acme', gpus: 10, tasks: 4 },
      { scope: 'namespace', name: 'ci', gpus: 8, cpuMilli: 16_000, ramMiB: 65_536 },
    ]);
  });

  it('QUE-11, QUE-13: sets maximum waits and preemption, or switches it off', () => {
    const policy = parse({
      classes: { low: { maxWaitS: 60, liftAfterS: 120 } },
      preemption: { classes: ['low', 'normal'], minRunS: 5, maxVictimsPerCycle: 2 },
    });
    expect(policy.ordering.classes.get(-1)).toEqual({ maxWaitMs: 60_000, liftAfterMs: 120_000 });
    expect(policy.ordering.classes.get(1)).toEqual(DEFAULT_SCHEDULING_POLICY.ordering.classes.get(1));
    expect(policy.preemption).toMatchObject({ priorities: [-1, 0], minRunMs: 5_000, maxVictimsPerCycle: 2 });
    expect(policy.preemption?.minWaitMs).toBe(DEFAULT_SCHEDULING_POLICY.preemption?.minWaitMs);
    expect(parse({ preemption: false }).preemption).toBeNull();
  });

  it('TYP-23: says what task types ask for, and declares the machines of pools', () => {
    const policy = parse({
      taskTypes: { 'ti2v-5B': { cpu: 8, ramGiB: 32, minDriver: '535' } },
      pools: { a10g: { taskTypes: ['ti2v-5B'], gpus: 1, vramMiB: 24_576 } },
    });
    expect(policy.demands.get('ti2v-5B')).toEqual({ cpuMilli: 8_000, ramMiB: 32_768, minDriver: '535' });
    expect(policy.pools).toEqual([{ pool: 'a10g', taskTypes: ['ti2v-5B'], gpus: 1, vramMiB: 24_576 }]);
  });

  it.each([
    [
      'a weight that is a text',
      { tenants: { acme: { weight: 'two' } } },
      /^tenants\.acme\.weight: expected a number from 0.001 to/,
    ],
    ['a weight of 0', { tenants: { acme: { weight: 0 } } }, /^tenants\.acme\.weight: expected a number from/],
    [
      'a field nobody knows',
      { tenant: {} },
      /^the file: unknown field "tenant": expected tenants, namespaces, classes/,
    ],
    [
      'a quota of half a task',
      { namespaces: { ci: { quota: { tasks: 0.5 } } } },
      /^namespaces\.ci\.quota\.tasks: expected a whole number/,
    ],
    ['preemption that is on', { preemption: true }, /^preemption: expected false, or an object of bounds/],
    [
      'an unknown bound of preemption',
      { preemption: { minRun: 5 } },
      /^preemption: unknown field "minRun": expected classes/,
    ],
    ['a bad bound of preemption', { preemption: { minRunS: -1 } }, /^preemption\.minRunS: expected a number from 0/],
    [
      'a class that may not be stopped',
      { preemption: { classes: ['interactive'] } },
      /^preemption\.classes\.0: expected "normal" or "low"/,
    ],
    [
      'a lift before the maximum wait',
      { classes: { normal: { maxWaitS: 1800, liftAfterS: 10 } } },
      /^classes\.normal\.liftAfterS: expected at least its maxWaitS, 1800/,
    ],
    [
      'a driver that is no version',
      { taskTypes: { a: { minDriver: 'new' } } },
      /^taskTypes\.a\.minDriver: expected a version/,
    ],
    [
      'a pool without memory',
      { pools: { a: { taskTypes: ['x'], gpus: 1 } } },
      /^pools\.a\.vramMiB: expected a whole number/,
    ],
    ['a list', [], /^the file: expected an object with tenants/],
  ])('names the field and what is expected: %s', (_name, file, message) => {
    expect(() => parse(file)).toThrow(expect.objectContaining({ message: expect.stringMatching(message) }));
  });

  it('names every fault at once, and text that is no JSON', () => {
    expect(() => parse({ slackGpuSeconds: -1, preemption: 1 })).toThrow(
      /slackGpuSeconds: .*; .*preemption: |preemption: .*; .*slackGpuSeconds: /,
    );
    expect(() => parsePolicy('{,}')).toThrow('expected JSON');
  });
});
