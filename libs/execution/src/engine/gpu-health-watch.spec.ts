import { describe, expect, it } from '@jest/globals';
import { VirtualClock, silentLogger, sleep } from '@millrace/kernel';
import { GpuHealthWatch, KERNEL_LINE_TOLD_MS } from './gpu-health-watch.js';
import type { GpuReading } from './ports/machine-probe.port.js';

const EVERY_MS = 30_000;
const FINE: GpuReading = { gpu: 0, lost: false, eccCorrected: 0, eccUncorrected: 0, kernelLog: [] };
const XID = '[ 10.0] NVRM: Xid (PCI:0000:07:00): 31, MMU Fault';

/** A watch over a machine whose readings the spec sets, and the warnings of its log. */
async function watching(first: Partial<GpuReading> = {}) {
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
  const clock = new VirtualClock();
  const machine = { reading: { ...FINE, ...first } as GpuReading | Error, asked: 0 };
  const readHealth = async (): Promise<readonly GpuReading[]> => {
    machine.asked += 1;
    if (machine.reading instanceof Error) throw machine.reading;
    return [machine.reading];
  };
  const watch = new GpuHealthWatch({ gpus: 1, probe: { readHealth }, everyMs: EVERY_MS, clock, logger });
  const set = async (next: Partial<GpuReading>): Promise<void> => {
    machine.reading = { ...FINE, ...next };
    await clock.advance(EVERY_MS);
  };
  await watch.start();
  return { clock, machine, watch, set, warnings };
}

describe('the health of GPUs', () => {
  it('is an empty list while all are in order, and not known before the first reading', async () => {
    const { watch } = await watching();
    expect(watch.facts()).toEqual([]);
    const { clock } = await watching();
    const unread = new GpuHealthWatch({
      ...{ gpus: 1, probe: { readHealth: async () => [] }, everyMs: EVERY_MS, clock, logger: silentLogger },
    });
    expect(unread.facts()).toBeUndefined();
  });

  it.each<[string, Partial<GpuReading>]>([
    ['lost', { lost: true }],
    ['with corrected errors', { eccCorrected: 3 }],
    ['with uncorrected errors', { eccUncorrected: 1 }],
    ['with a line in the kernel log', { kernelLog: [XID] }],
  ])('SCH-50: tells a GPU that is %s', async (_, reading) => {
    const { watch, set } = await watching();
    await set(reading);
    expect(watch.facts()).toEqual([{ ...FINE, ...reading }]);
  });

  it('never tells lines that were there before it started: they are of an earlier life', async () => {
    const { watch, set } = await watching({ kernelLog: [XID] });
    expect(watch.facts()).toEqual([]);
    await set({ kernelLog: [XID, '[ 20.0] NVRM: Xid (PCI:0000:07:00): 13'] });
    expect(watch.facts()?.[0]?.kernelLog).toEqual(['[ 20.0] NVRM: Xid (PCI:0000:07:00): 13']);
  });

  it('SCH-50: has a clean reading once no line came for ten minutes; a further one starts anew', async () => {
    const { clock, watch, set } = await watching();
    await set({ kernelLog: [XID] });
    await clock.advance(KERNEL_LINE_TOLD_MS - 1);
    expect(watch.facts()).toHaveLength(1);
    await clock.advance(1);
    expect(watch.facts()).toEqual([]);
    await set({ kernelLog: [XID, '[ 900.0] NVRM: Xid (PCI:0000:07:00): 31'] });
    expect(watch.facts()).toHaveLength(1);
  });

  it('tells a line for ten minutes though the log has lost it, and never twice', async () => {
    const { clock, watch, set } = await watching();
    await set({ kernelLog: [XID] });
    await set({ kernelLog: [] });
    expect(watch.facts()?.[0]?.kernelLog).toEqual([XID]);
    await clock.advance(KERNEL_LINE_TOLD_MS);
    expect(watch.facts()).toEqual([]);
  });

  it('tells at most the newest 8 lines of 200 letters each', async () => {
    const { watch, set } = await watching();
    await set({ kernelLog: Array.from({ length: 20 }, (_, at) => `${at} ${'x'.repeat(500)}`) });
    const lines = watch.facts()?.[0]?.kernelLog ?? [];
    expect(lines.map((line) => line.split(' ')[0])).toEqual(['12', '13', '14', '15', '16', '17', '18', '19']);
    expect(Math.max(...lines.map(({ length }) => length))).toBe(200);
  });

  it('stands as it was while a reading fails, and is read again', async () => {
    const { clock, machine, watch, set } = await watching();
    await set({ eccCorrected: 7 });
    machine.reading = new Error('it hangs');
    await clock.advance(EVERY_MS);
    expect(watch.facts()).toMatchObject([{ eccCorrected: 7 }]);
    await set({ eccCorrected: 8 });
    expect(watch.facts()).toMatchObject([{ eccCorrected: 8 }]);
  });

  it('is in the worker log as well, once for each change', async () => {
    const { warnings, set } = await watching();
    for (const eccCorrected of [3, 3, 3, 4]) await set({ eccCorrected });
    expect(warnings).toEqual(['GPU is not in perfect order', 'GPU is not in perfect order']);
  });

  it('SCH-50: says so when the driver does not answer three times in a row, also from the start on, until it does', async () => {
    const { clock, machine, watch, set } = await watching({ eccCorrected: 7 });
    machine.reading = new Error('Driver/library version mismatch');
    await clock.advance(2 * EVERY_MS);
    expect(watch.facts()).toEqual([{ ...FINE, eccCorrected: 7 }]);
    await clock.advance(EVERY_MS);
    expect(watch.facts()).toEqual([{ ...FINE, eccCorrected: 7, unanswered: 'Driver/library version mismatch' }]);
    await set({ eccCorrected: 7 });
    expect(watch.facts()).toEqual([{ ...FINE, eccCorrected: 7 }]);

    const never = { readHealth: async () => Promise.reject(new Error('x'.repeat(500))) };
    const mute = new GpuHealthWatch({ gpus: 2, probe: never, everyMs: EVERY_MS, clock, logger: silentLogger });
    await mute.start();
    expect(mute.facts()).toBeUndefined();
    await clock.advance(2 * EVERY_MS);
    expect(mute.facts()?.map(({ gpu, unanswered }) => [gpu, unanswered?.length])).toEqual([
      [0, 200],
      [1, 200],
    ]);
  });

  it('can be read out of turn, and no more once stopped', async () => {
    const { clock, machine, watch } = await watching();
    await watch.readFresh();
    expect(machine.asked).toBe(2);
    watch.stop();
    await clock.advance(10 * EVERY_MS);
    expect(machine.asked).toBe(2);
  });

  /** A watch whose readings take a second. */
  async function slow() {
    const clock = new VirtualClock();
    const asked: number[] = [];
    const readHealth = async (): Promise<readonly GpuReading[]> => {
      asked.push(clock.monotonicMs());
      await sleep(clock, 1_000);
      return [FINE];
    };
    const watch = new GpuHealthWatch({ gpus: 1, probe: { readHealth }, everyMs: 5_000, clock, logger: silentLogger });
    const started = watch.start();
    await clock.advance(1_000);
    await started;
    return { clock, watch, asked };
  }

  it('a fresh reading is none that began before; all who wait for one share it', async () => {
    const { clock, watch, asked } = await slow();
    await clock.advance(5_500);
    expect(asked).toEqual([0, 6_000]);
    const fresh = Promise.all([watch.readFresh(), watch.readFresh()]);
    await clock.advance(2_000);
    await fresh;
    expect(asked).toEqual([0, 6_000, 7_000]);
  });

  it('a reading that ends after the stop is the last', async () => {
    const { clock, watch, asked } = await slow();
    await clock.advance(5_500);
    watch.stop();
    await clock.advance(60_000);
    expect(asked).toEqual([0, 6_000]);
  });
});
