import { describe, expect, it } from '@jest/globals';
import type { GpuReading, MachineFacts, MachineProbe } from '../engine/ports/machine-probe.port.js';

/** What every MachineProbe must do. `create` looks at a machine with at least two GPUs that are in order. */
export function machineProbeConformance(name: string, create: () => MachineProbe): void {
  describe(`machine probe conformance: ${name}`, () => {
    const look = async (): Promise<{ facts: MachineFacts; readings: readonly GpuReading[]; probe: MachineProbe }> => {
      const probe = create();
      const facts = await probe.describe();
      return { facts, readings: await probe.readHealth(), probe };
    };

    it('TYP-23: tells CPU and memory in whole thousandths and MiB, more than none', async () => {
      const { cpuMilli, ramMiB } = (await look()).facts;
      for (const figure of [cpuMilli, ramMiB]) expect(Number.isInteger(figure) && figure > 0).toBe(true);
    });

    it('tells each GPU once, with a type, and memory that its slices do not exceed by more than their names round', async () => {
      const { gpus } = (await look()).facts;
      expect(gpus.length).toBeGreaterThanOrEqual(2);
      expect(new Set(gpus.map(({ id }) => id)).size).toBe(gpus.length);
      for (const { gpuType, vramMiB, slices = [] } of gpus) {
        expect(gpuType).toMatch(/^\S+$/);
        expect(Number.isInteger(vramMiB) && vramMiB >= 0).toBe(true);
        for (const slice of slices) expect(slice.vramMiB).toBeLessThanOrEqual(vramMiB + 1_024);
      }
    });

    it('tells versions as numbers with points between them, or not at all', async () => {
      const { driver = '1', cuda = '1' } = (await look()).facts;
      for (const version of [driver, cuda]) expect(version).toMatch(/^\d+(\.\d+)*$/);
    });

    it('reads the health of every GPU that it told, in its order, and again', async () => {
      const { facts, readings, probe } = await look();
      expect(readings.map(({ gpu }) => gpu)).toEqual(facts.gpus.map((_, at) => at));
      for (const reading of readings) expect(reading).toMatchObject({ lost: false, eccUncorrected: 0 });
      expect(await probe.readHealth()).toEqual(readings);
    });

    it('names GPUs the same each time it is asked', async () => {
      const { facts, probe } = await look();
      expect((await probe.describe()).gpus.map(({ id }) => id)).toEqual(facts.gpus.map(({ id }) => id));
    });
  });
}
