import { availableParallelism, totalmem } from 'node:os';
import { describe, expect, it } from '@jest/globals';
import { nominalMiB, readGroupLimits, readHostFacts, type ReadText } from './host-facts.js';

const MIB = 2 ** 20;
const files =
  (texts: Readonly<Record<string, string>>): ReadText =>
  async (path) =>
    texts[path];

describe('what control groups allow', () => {
  it('TYP-23: a pod has its limits, not its node: version 2', async () => {
    const pod = { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': '800000 100000\n' };
    expect(await readGroupLimits(files({ ...pod, '/sys/fs/cgroup/memory.max': `${32_768 * MIB}\n` }))).toEqual({
      ...{ cpuMilli: 8_000, memoryBytes: 32_768 * MIB },
    });
  });

  it('TYP-23: the same of version 1', async () => {
    const limits = await readGroupLimits(
      files({
        '/proc/self/cgroup': '12:memory:/\n4:cpu,cpuacct:/\n1:name=systemd:/docker/abc\n',
        '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '150000\n',
        '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
        '/sys/fs/cgroup/memory/memory.limit_in_bytes': `${512 * MIB}\n`,
      }),
    );
    expect(limits).toEqual({ cpuMilli: 1_500, memoryBytes: 512 * MIB });
  });

  it('of nested groups the least counts, whoever set it', async () => {
    const limits = await readGroupLimits(
      files({
        '/proc/self/cgroup': '0::/system.slice/worker.service\n',
        '/sys/fs/cgroup/system.slice/worker.service/cpu.max': '400000 100000',
        '/sys/fs/cgroup/system.slice/cpu.max': '200000 100000',
        '/sys/fs/cgroup/system.slice/worker.service/memory.max': 'max',
        '/sys/fs/cgroup/system.slice/memory.max': `${64 * MIB}`,
      }),
    );
    expect(limits).toEqual({ cpuMilli: 2_000, memoryBytes: 64 * MIB });
  });

  it.each([
    ['no groups', {}],
    ['no limit, version 2', { '/sys/fs/cgroup/cpu.max': 'max 100000', '/sys/fs/cgroup/memory.max': 'max' }],
    [
      'no limit, version 1',
      {
        '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1',
        '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000',
        '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712',
      },
    ],
    ['nonsense', { '/sys/fs/cgroup/cpu.max': '', '/sys/fs/cgroup/memory.max': 'lots' }],
  ])('nothing is limited with %s', async (_, texts: Readonly<Record<string, string>>) => {
    expect(await readGroupLimits(files(texts))).toEqual({});
  });
});

describe('the host', () => {
  it('has what the machine has, where nothing limits it', async () => {
    expect(await readHostFacts(files({}))).toEqual({
      cpuMilli: 1_000 * availableParallelism(),
      ramMiB: nominalMiB(Math.floor(totalmem() / MIB)),
    });
  });

  it('TYP-23: has no more than its limits allow, in whole MiB', async () => {
    const limited = files({ '/sys/fs/cgroup/cpu.max': '50000 100000', '/sys/fs/cgroup/memory.max': `${256.5 * MIB}` });
    expect(await readHostFacts(limited)).toEqual({ cpuMilli: 500, ramMiB: 256 });
  });

  it('never has more than the machine, whatever a limit allows', async () => {
    const generous = files({ '/sys/fs/cgroup/cpu.max': '99900000 100000', '/sys/fs/cgroup/memory.max': `${2 ** 59}` });
    expect(await readHostFacts(generous)).toEqual(await readHostFacts(files({})));
  });

  it('can be read here', async () => {
    const { cpuMilli, ramMiB } = await readHostFacts();
    expect(cpuMilli).toBeGreaterThan(0);
    expect(ramMiB).toBeLessThanOrEqual(nominalMiB(Math.floor(totalmem() / MIB)));
  });
});

describe('the memory a machine is sold with', () => {
  it.each([
    [31_700, 32_768],
    [15_800, 16_384],
    [251_000, 253_952],
    [32_768, 32_768],
    [30_000, 30_000],
    [2_000, 2_000],
  ])('TYP-23: %i MiB shown are %i', (shownMiB, soldMiB) => {
    expect(nominalMiB(shownMiB)).toBe(soldMiB);
  });

  it('is at most 4 % more than it shows, and a limit is taken as it is', async () => {
    const limit = { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/memory.max': `${500 * MIB}` };
    expect((await readHostFacts(files(limit))).ramMiB).toBe(500);
    for (let shownMiB = 1; shownMiB < 2_000_000; shownMiB += 997) {
      expect(nominalMiB(shownMiB)).toBeGreaterThanOrEqual(shownMiB);
      expect(nominalMiB(shownMiB) * 0.96).toBeLessThanOrEqual(shownMiB);
    }
  });
});
