import { describe, expect, it } from '@jest/globals';
import { VirtualClock } from '@millrace/kernel';
import fc from 'fast-check';
import { FULL_SHARE_PPM, type Segment, type SegmentOwner } from '../domain/gpu-track.js';
import { GrantedMeter } from './granted-meter.js';
import type { AttemptUsage, GpuGrant, SlotMeter } from './meter.js';
import { InstanceClock } from './instance-clock.js';

function metered(gpus: number, slots: number) {
  const clock = new VirtualClock();
  const segments: Segment[] = [];
  const instanceClock = new InstanceClock(clock);
  const record = (cut: readonly Segment[]): void => void segments.push(...cut);
  const meter = new GrantedMeter({ instanceId: 'instance-1', gpus, slots, clock, instanceClock, record });
  meter.restAs('idle');
  return { clock, meter, segments };
}

function ownerOf(number: number): SegmentOwner {
  return { tenantId: 'acme', taskId: `task-${number}`, costCentre: 'default', attempt: 1, epoch: 1 };
}

const GPUS = 3;
const grant = fc.record<GpuGrant>({ gpu: fc.nat(GPUS - 1), sharePpm: fc.nat(1_000).map((milli) => 1_000 * milli) });
const histories = fc.array(
  fc.record({
    afterMs: fc.integer({ min: 0, max: 12_000 }),
    slot: fc.nat(7),
    what: fc.constantFrom('start', 'load', 'run', 'end', 'drain'),
    grants: fc.option(fc.uniqueArray(grant, { minLength: 1, maxLength: GPUS, selector: ({ gpu }) => gpu }), {
      nil: undefined,
    }),
  }),
  { maxLength: 25 },
);
type Moves = typeof histories extends fc.Arbitrary<infer Of> ? Of : never;

/** Plays a random history, grants that are more than the GPU too, and lets all attempts end. */
async function play(moves: Moves) {
  const { clock, meter, segments } = metered(GPUS, 8);
  const running = new Map<number, { readonly owner: SegmentOwner; readonly use: SlotMeter }>();
  const usages: { readonly owner: SegmentOwner; readonly usage: AttemptUsage }[] = [];
  const end = (slot: number): void => {
    const attempt = running.get(slot);
    if (attempt === undefined) return;
    const soFarMs = attempt.use.gpuMs();
    const usage = attempt.use.end();
    expect(usage.gpuMs - soFarMs).toBeGreaterThanOrEqual(0);
    expect(usage.gpuMs - soFarMs).toBeLessThanOrEqual(GPUS);
    usages.push({ owner: attempt.owner, usage });
    running.delete(slot);
  };
  for (const [number, { afterMs, slot, what, grants }] of moves.entries()) {
    await clock.advance(afterMs);
    if (what === 'start' && !running.has(slot)) {
      const owner = ownerOf(number);
      running.set(slot, { owner, use: meter.acquire(slot, owner, undefined, grants) });
    } else if (what === 'load' || what === 'run') running.get(slot)?.use.as(what);
    else if (what === 'end') end(slot);
    else if (what === 'drain') meter.restAs('drain');
  }
  for (const slot of running.keys()) end(slot);
  return { segments, usages, heldMs: meter.stop() };
}

describe('the accounts of GPUs that tasks are granted parts of', () => {
  it('P10, I1, I3: are the time held to the millisecond and never more than the whole, in segments that billing takes', async () => {
    await fc.assert(
      fc.asyncProperty(histories, async (moves) => {
        const { segments, usages, heldMs } = await play(moves);
        for (let gpu = 0; gpu < GPUS; gpu++) {
          const own = segments.filter((segment) => segment.gpu === gpu);
          expect(own.reduce((sum, { gpuMs }) => sum + gpuMs, 0)).toBe(heldMs);
          for (const { startMs, endMs, gpuMs, sharePpm } of own) {
            const beside = own.filter((other) => other.startMs <= startMs && startMs < other.endMs);
            expect(beside.reduce((sum, other) => sum + other.sharePpm, 0)).toBeLessThanOrEqual(FULL_SHARE_PPM);
            expect(Math.abs(gpuMs - ((endMs - startMs) * sharePpm) / FULL_SHARE_PPM)).toBeLessThan(1);
            expect(endMs - startMs).toBeLessThanOrEqual(10_000);
          }
        }
        expect(new Set(segments.map(({ segmentId }) => segmentId)).size).toBe(segments.length);
        for (const { owner, usage } of usages) {
          const own = segments.filter(({ taskId }) => taskId === owner.taskId);
          expect(own.map(({ seq }) => seq)).toEqual(own.map((_, index) => index + 1));
          expect(own.length).toBeGreaterThan(0);
          expect(usage).toEqual({
            endedAtMs: own.at(-1)?.endMs,
            gpuMs: own.reduce((sum, { gpuMs }) => sum + gpuMs, 0),
            segmentCount: own.length,
          });
        }
      }),
      { numRuns: 60 },
    );
  });

  it('bills a task that has the whole of a shared GPU for the whole, and what shares for what it was granted', async () => {
    const { clock, meter } = metered(1, 4);
    const whole = meter.acquire(0, ownerOf(1), undefined, [{ gpu: 0, sharePpm: 1_000_000 }]);
    await clock.advance(1_000);
    expect(whole.end().gpuMs).toBe(1_000);
    const part = meter.acquire(0, ownerOf(2), undefined, [{ gpu: 0, sharePpm: 300_000 }]);
    const slice = meter.acquire(1, ownerOf(3), undefined, [{ gpu: 0, sharePpm: 428_000 }]);
    await clock.advance(1_000);
    expect([part.end().gpuMs, slice.end().gpuMs]).toEqual([300, 428]);
  });

  it('counts each GPU of a task that has several', async () => {
    const { clock, meter } = metered(2, 2);
    const both = [0, 1].map((gpu) => ({ gpu, sharePpm: 1_000_000 }));
    const use = meter.acquire(0, ownerOf(1), undefined, both);
    await clock.advance(1_000);
    expect([use.end().gpuMs, meter.occupiedMs()]).toEqual([2_000, 2_000]);
  });

  it('without a grant counts an even part of the slot’s GPU, as where slots alone are told', async () => {
    const { clock, meter } = metered(1, 4);
    const use = meter.acquire(3, ownerOf(1));
    await clock.advance(1_000);
    expect(use.end().gpuMs).toBe(250);
  });

  it('gives what is left to one that was granted too much, and the rest once it is free', async () => {
    const { clock, meter, segments } = metered(1, 2);
    const first = meter.acquire(0, ownerOf(1), undefined, [{ gpu: 0, sharePpm: 700_000 }]);
    meter.acquire(1, ownerOf(2), undefined, [{ gpu: 0, sharePpm: 1_000_000 }]);
    await clock.advance(1_000);
    first.end();
    await clock.advance(1_000);
    meter.stop();
    const own = segments.filter(({ taskId }) => taskId === 'task-2');
    expect(own.map(({ gpuMs }) => gpuMs)).toEqual([300, 1_000]);
  });

  it('SCH-48: a GPU is occupied once, however many run on it', async () => {
    const { clock, meter } = metered(2, 8);
    const quarter = [{ gpu: 0, sharePpm: 250_000 }];
    const first = meter.acquire(0, ownerOf(1), undefined, quarter);
    await clock.advance(1_000);
    const second = meter.acquire(2, ownerOf(2), undefined, quarter);
    await clock.advance(1_000);
    first.end();
    expect(meter.occupiedMs()).toBe(2_000);
    second.end();
    await clock.advance(1_000);
    expect(meter.occupiedMs()).toBe(2_000);
  });
});
