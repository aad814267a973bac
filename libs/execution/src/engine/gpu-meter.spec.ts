import { describe, expect, it } from '@jest/globals';
import { VirtualClock } from '@millrace/kernel';
import fc from 'fast-check';
import { FULL_SHARE_PPM, type Segment, type SegmentOwner } from '../domain/gpu-track.js';
import { GpuMeter } from './gpu-meter.js';
import type { AttemptUsage, SlotMeter } from './meter.js';
import { InstanceClock } from './instance-clock.js';

interface Move {
  readonly afterMs: number;
  readonly slot: number;
  readonly what: 'start' | 'load' | 'run' | 'end' | 'drain';
}

const histories = fc.record({
  gpus: fc.integer({ min: 1, max: 3 }),
  slots: fc.integer({ min: 1, max: 5 }),
  moves: fc.array(
    fc.record<Move>({
      afterMs: fc.integer({ min: 0, max: 12_000 }),
      slot: fc.nat(4),
      what: fc.constantFrom('start', 'load', 'run', 'end', 'drain'),
    }),
    { maxLength: 25 },
  ),
});

interface Played {
  readonly segments: readonly Segment[];
  readonly usages: readonly { readonly owner: SegmentOwner; readonly usage: AttemptUsage }[];
  readonly heldMs: number;
}

/** Plays a random history on a meter and lets all attempts end. */
async function play(gpus: number, slots: number, moves: readonly Move[]): Promise<Played> {
  const clock = new VirtualClock();
  const segments: Segment[] = [];
  const record = (cut: readonly Segment[]): void => void segments.push(...cut);
  const instanceClock = new InstanceClock(clock);
  const meter = new GpuMeter({ instanceId: 'instance-1', gpus, slots, clock, instanceClock, record });
  const running = new Map<number, { readonly owner: SegmentOwner; readonly slot: SlotMeter }>();
  const usages: { owner: SegmentOwner; usage: AttemptUsage }[] = [];
  meter.restAs('idle');
  const end = (index: number): void => {
    const attempt = running.get(index);
    if (attempt === undefined) return;
    const soFarMs = attempt.slot.gpuMs();
    const usage = attempt.slot.end();
    expect(usage.gpuMs).toBe(soFarMs);
    usages.push({ owner: attempt.owner, usage });
    running.delete(index);
  };
  for (const [number, move] of moves.entries()) {
    await clock.advance(move.afterMs);
    const index = move.slot % slots;
    if (move.what === 'start' && !running.has(index)) {
      const owner = { tenantId: 'acme', taskId: `task-${number}`, costCentre: 'default', attempt: 1, epoch: 1 };
      running.set(index, { owner, slot: meter.acquire(index, owner) });
    } else if (move.what === 'load' || move.what === 'run') running.get(index)?.slot.as(move.what);
    else if (move.what === 'end') end(index);
    else if (move.what === 'drain') meter.restAs('drain');
  }
  for (const index of running.keys()) end(index);
  return { segments, usages, heldMs: meter.stop() };
}

describe("the accounts of a worker's GPUs", () => {
  it('P10, I1: all segments together are the time the GPUs were held, to the millisecond', async () => {
    await fc.assert(
      fc.asyncProperty(histories, async ({ gpus, slots, moves }) => {
        const { segments, heldMs } = await play(gpus, slots, moves);
        expect(segments.reduce((sum, { gpuMs }) => sum + gpuMs, 0)).toBe(gpus * heldMs);
        for (let gpu = 0; gpu < gpus; gpu++) {
          const own = segments.filter((segment) => segment.gpu === gpu);
          expect(own.reduce((sum, { gpuMs }) => sum + gpuMs, 0)).toBe(heldMs);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('I3: the shares on one GPU are never more than the whole, at any instant', async () => {
    await fc.assert(
      fc.asyncProperty(histories, async ({ gpus, slots, moves }) => {
        const { segments } = await play(gpus, slots, moves);
        for (const { gpu, startMs } of segments) {
          const beside = segments.filter(
            (other) => other.gpu === gpu && other.startMs <= startMs && startMs < other.endMs,
          );
          expect(beside.reduce((sum, { sharePpm }) => sum + sharePpm, 0)).toBeLessThanOrEqual(FULL_SHARE_PPM);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("I4: each attempt's end states exactly its segments, which are numbered from 1 without a gap", async () => {
    await fc.assert(
      fc.asyncProperty(histories, async ({ gpus, slots, moves }) => {
        const { segments, usages } = await play(gpus, slots, moves);
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
        expect(new Set(segments.map(({ segmentId }) => segmentId)).size).toBe(segments.length);
      }),
      { numRuns: 60 },
    );
  });

  it('SCH-48: a GPU is occupied once, however many of its slots run something', async () => {
    const clock = new VirtualClock();
    const instanceClock = new InstanceClock(clock);
    const meter = new GpuMeter({ instanceId: 'i', gpus: 2, slots: 8, clock, instanceClock, record: () => undefined });
    const owner = { tenantId: 'acme', taskId: 't', costCentre: 'default', attempt: 1, epoch: 1 };
    await clock.advance(1_000);
    const first = meter.acquire(0, owner);
    await clock.advance(1_000);
    const second = meter.acquire(2, { ...owner, taskId: 'u' });
    await clock.advance(1_000);
    first.end();
    await clock.advance(1_000);
    expect(meter.occupiedMs()).toBe(3_000);
    second.end();
    await clock.advance(1_000);
    expect(meter.occupiedMs()).toBe(3_000);
  });
});
