import { describe, expect, it } from '@jest/globals';
import { machineProbeConformance } from '@millrace/execution/testing';
import { silentLogger } from '@millrace/kernel';
import type { ProgramEnd, RunProgram } from '../run-program.js';
import {
  ALL_LINKED,
  DRIVER_GONE,
  HEALTH,
  HEALTH_OF_A_LOST_ONE,
  HEALTH_UNKNOWN_ERROR,
  KERNEL_LOG,
  LIST,
  MIG_LIST,
  QUERY,
  UUIDS,
} from '../testing/recorded.js';
import { createNvidiaProbe } from './nvidia-probe.js';

type Answers = Readonly<Record<'list' | 'health' | 'mig' | 'topo' | 'query' | 'dmesg', ProgramEnd | string>>;

const ABSENT: ProgramEnd = { kind: 'absent' };
const SLOW: ProgramEnd = { kind: 'timed_out' };
const NORMAL: Answers = {
  list: LIST,
  health: HEALTH,
  mig: MIG_LIST,
  topo: ALL_LINKED,
  query: QUERY,
  dmesg: KERNEL_LOG,
};

const failed = (output: string): ProgramEnd => ({ kind: 'ended', ok: false, output, complaint: '' });

/** A machine that answers as told; each run is noted. */
function machine(overrides: Partial<Answers> = {}, only?: readonly string[]) {
  const answers = { ...NORMAL, ...overrides };
  const ran: string[] = [];
  const run: RunProgram = async (program, args) => {
    const [first = ''] = args;
    ran.push([program, ...args].join(' '));
    const answer = answers[keyOf(program, first)];
    return typeof answer === 'string' ? { kind: 'ended', ok: true, output: answer, complaint: '' } : answer;
  };
  const readHost = async () => ({ cpuMilli: 8_000, ramMiB: 32_768 });
  const probe = createNvidiaProbe({ readHost, run, logger: silentLogger, ...(only === undefined ? {} : { only }) });
  return { probe, ran };
}

function keyOf(program: string, first: string): keyof Answers {
  if (program === 'dmesg') return 'dmesg';
  if (first.startsWith('--query-gpu=uuid')) return 'health';
  if (first.startsWith('--query-gpu=')) return 'list';
  return first === '-L' ? 'mig' : first === 'topo' ? 'topo' : 'query';
}

machineProbeConformance('nvidia', () => machine().probe);

describe('what nvidia-smi finds', () => {
  it('TYP-24, SCH-43, SCH-41: has versions, slices and links', async () => {
    expect(await machine().probe.describe()).toEqual({
      ...{ cpuMilli: 8_000, ramMiB: 32_768, driver: '535.104.05', cuda: '12.2' },
      gpus: [
        {
          ...{ id: UUIDS[0], gpuType: 'A100-40GB', vramMiB: 40_960, nvlinkGroup: 0 },
          slices: [
            { profile: '3g.20gb', vramMiB: 20_480 },
            { profile: '1g.5gb', vramMiB: 5_120 },
            { profile: '1g.5gb', vramMiB: 5_120 },
          ],
        },
        { id: UUIDS[1], gpuType: 'A100-40GB', vramMiB: 40_960, nvlinkGroup: 0 },
      ],
    });
  });

  it('is nothing where there is no nvidia-smi, and then no GPU is asked after', async () => {
    const { probe, ran } = machine({ list: ABSENT });
    expect((await probe.describe()).gpus).toEqual([]);
    expect(await probe.readHealth()).toEqual([]);
    expect(ran).toHaveLength(1);
  });

  it.each([
    ['by index', ['1']],
    ['by UUID', [UUIDS[1]]],
  ])('is of the GPUs that are chosen %s, and so is their health', async (_, only) => {
    const { probe } = machine({}, only);
    expect((await probe.describe()).gpus.map(({ id }) => id)).toEqual([UUIDS[1]]);
    expect(await probe.readHealth()).toMatchObject([{ gpu: 0, eccCorrected: 12 }]);
  });

  it('is told with less where the driver tells less', async () => {
    const facts = await machine({ query: failed(''), topo: SLOW, mig: failed('') }).probe.describe();
    expect(facts).not.toHaveProperty('cuda');
    expect(facts.gpus[0]).toEqual({ id: UUIDS[0], gpuType: 'A100-40GB', vramMiB: 40_960, slices: [] });
  });

  it.each([
    ['its driver is gone', failed(DRIVER_GONE), /couldn't communicate/],
    ['it hangs', SLOW, /did not answer within 15000 ms/],
    ['it can not be started', { kind: 'not_started' as const, reason: 'spawn EAGAIN' }, /EAGAIN/],
  ])('is an error that may pass where %s', async (_, list, message) => {
    const described = machine({ list }).probe.describe();
    await expect(described).rejects.toMatchObject({ code: 'probe_failed', retriable: true });
    await expect(described).rejects.toThrow(message);
  });
});

describe('the health of what it found', () => {
  it.each([ABSENT, { kind: 'not_started' as const, reason: 'spawn EMFILE' }])(
    'is not known where nvidia-smi is gone or can not be started: %j',
    async (health) => {
      const { probe } = machine({ health });
      await probe.describe();
      await expect(probe.readHealth()).rejects.toMatchObject({ code: 'probe_failed', retriable: true });
    },
  );

  const readWith = async (overrides: Partial<Answers>) => {
    const { probe, ran } = machine(overrides);
    await probe.describe();
    return { readings: await probe.readHealth(), probe, ran };
  };

  it('SCH-50: has counts and the lines of the kernel log, each with its GPU', async () => {
    const { readings } = await readWith({});
    expect(readings).toMatchObject([
      { gpu: 0, lost: false, eccCorrected: 0, kernelLog: [expect.stringContaining('fallen off the bus')] },
      { gpu: 1, lost: false, eccCorrected: 12, kernelLog: [expect.any(String), expect.stringContaining(': 79,')] },
    ]);
  });

  it.each([
    ['complains of it', failed(HEALTH_OF_A_LOST_ONE), [false, true]],
    ['has none left', failed(HEALTH_UNKNOWN_ERROR), [true, true]],
    ['lists the other only', HEALTH.split('\n').slice(1).join('\n'), [true, false]],
  ])('SCH-50: a GPU is lost where the driver %s', async (_, health, lost) => {
    const { readings } = await readWith({ health });
    expect(readings.map((reading) => reading.lost)).toEqual(lost);
  });

  it.each([
    ['a driver that does not answer', SLOW],
    ['a driver that is gone', failed(DRIVER_GONE)],
  ])('is not known with %s: that is no sign of any one GPU', async (_, health) => {
    await expect(readWith({ health })).rejects.toMatchObject({ code: 'probe_failed' });
  });

  it('goes without a log that may not be read, and asks for it once', async () => {
    const { readings, probe, ran } = await readWith({ dmesg: failed('dmesg: read kernel buffer failed') });
    expect(readings.map(({ kernelLog }) => kernelLog)).toEqual([[], []]);
    await probe.readHealth();
    expect(ran.filter((command) => command === 'dmesg')).toHaveLength(1);
  });
});
