import { uuidv5, type Rng } from '@millrace/kernel';
import { splitByWeight } from '../domain/shares.js';
import { aSegment, capacity, closed, lost, ownTime, testId, usage, type BillingFact } from './facts.js';

/** A history of some instances and tasks, in the order of its making, with what must come of it. */
export interface History {
  readonly facts: readonly BillingFact[];
  /** What each task's tenant really used in attempts that a tenant bears, ms: nobody may be billed for more (P13). */
  readonly owedGpuMs: ReadonlyMap<string, number>;
  /** A worker is out of order. What it claims may put a GPU in doubt, and what was charged for it is then taken back. */
  readonly contested: boolean;
}

interface Draw {
  upTo(max: number): number;
  oneOf<Item>(items: readonly Item[]): Item;
  chance(part: number): boolean;
}

const CUT_MS = 10_000;
/** Numbers of the segments of a worker that is out of order begin so far beyond any count. */
const MISCHIEF_SEQ = 1_000;
const OUTCOMES = ['succeeded', 'failed', 'preempted', 'lost', 'cancelled'] as const;

/**
 * A random history: one to three instances with one or two GPUs, prices that change, shares of a GPU, attempts that
 * end in all ways, zombies that go on after their attempt was closed, workers that claim a GPU twice or time after
 * their instance's end.
 */
export function randomHistory(rng: Rng, name: string): History {
  const draw: Draw = {
    upTo: (max) => Math.floor(rng.next() * (max + 1)),
    oneOf: (items) => items[Math.floor(rng.next() * items.length)] as (typeof items)[number],
    chance: (part) => rng.next() < part,
  };
  const facts: BillingFact[] = [];
  const owedGpuMs = new Map<string, number>();
  const tasks = new Map<string, TaskLine>();
  for (let number = 0; number <= draw.upTo(2); number++) {
    playInstance(draw, `${name}-i${number}`, facts, tasks, owedGpuMs);
  }
  for (const task of tasks.values()) facts.push(task.pendingFinal(true));
  return { facts, owedGpuMs, contested: facts.some(isMischief) };
}

/** A task's attempts so far. The closure of the last one waits until it is known whether another follows. */
interface TaskLine {
  readonly taskId: string;
  readonly attempts: number;
  readonly pendingFinal: (final: boolean) => BillingFact;
}

function playInstance(
  draw: Draw,
  instanceId: string,
  facts: BillingFact[],
  tasks: Map<string, TaskLine>,
  owed: Map<string, number>,
): void {
  const gpus = 1 + draw.upTo(1);
  const heldMs = 1_000 + draw.upTo(90_000);
  const price = () => String(1 + draw.upTo(4_000_000_000));
  facts.push(capacity({ instanceId, change: 'opened', at: 0, gpus, pricePerGpuHour: price() }));
  for (let change = 0; change < draw.upTo(2); change++) {
    facts.push(capacity({ instanceId, change: 'price', at: draw.upTo(heldMs), gpus, pricePerGpuHour: price() }));
  }
  for (let gpu = 0; gpu < gpus; gpu++) {
    const slots = draw.chance(0.3) ? splitByWeight(1_000_000, [1 + draw.upTo(6), 1 + draw.upTo(6), 1]) : [1_000_000];
    for (const [slot, sharePpm] of slots.entries()) {
      playSlot(draw, { instanceId, gpu, slot, sharePpm, heldMs }, facts, tasks, owed);
    }
  }
  facts.push(capacity({ instanceId, change: 'closed', at: heldMs, gpus, pricePerGpuHour: price() }));
}

interface Slot {
  readonly instanceId: string;
  readonly gpu: number;
  readonly slot: number;
  readonly sharePpm: number;
  readonly heldMs: number;
}

function playSlot(
  draw: Draw,
  slot: Slot,
  facts: BillingFact[],
  tasks: Map<string, TaskLine>,
  owed: Map<string, number>,
): void {
  let at = draw.upTo(500);
  for (let turn = 0; at < slot.heldMs; turn++) {
    if (draw.chance(0.3)) {
      const endMs = Math.min(slot.heldMs, at + 1 + draw.upTo(CUT_MS - 1));
      const kind = draw.oneOf(['idle', 'boot', 'drain'] as const);
      const own = { kind, gpu: slot.gpu, seq: turn + 1, startMs: at, endMs, sharePpm: slot.sharePpm };
      // Each slot counts the instance's own time by itself here, so its name is part of the id.
      const segmentId = uuidv5(testId('own'), `${slot.instanceId}/${slot.gpu}/${slot.slot}/${turn}`);
      facts.push(usage([{ ...ownTime({ instanceId: slot.instanceId, ...own }), segmentId }], slot.instanceId));
      at = endMs;
    } else {
      at = playAttempt(draw, slot, at, `${slot.instanceId}/${slot.gpu}/${slot.slot}/${turn}`, facts, tasks, owed);
    }
    if (draw.chance(0.2)) at += draw.upTo(3_000);
  }
}

/** One attempt of a new task, or the next one of a task that waits. Returns when the slot is free again. */
function playAttempt(
  draw: Draw,
  slot: Slot,
  startMs: number,
  name: string,
  facts: BillingFact[],
  tasks: Map<string, TaskLine>,
  owed: Map<string, number>,
): number {
  const line = takeLine(draw, name, facts, tasks);
  const attempt = line.attempts + 1;
  const endMs = Math.min(slot.heldMs, startMs + 1 + draw.upTo(35_000));
  const work = { taskId: line.taskId, attempt, epoch: attempt, gpu: slot.gpu, sharePpm: slot.sharePpm };
  const segments = cut(startMs, endMs).map(([from, to], index) =>
    aSegment({
      instanceId: slot.instanceId,
      ...work,
      seq: index + 1,
      startMs: from,
      endMs: to,
      kind: index === 0 && draw.chance(0.3) ? 'load' : 'run',
    }),
  );
  for (const segment of segments) facts.push(usage([segment], slot.instanceId));
  const outcome = draw.oneOf(OUTCOMES);
  const fault = draw.oneOf(['user', 'platform', undefined] as const);
  const isLost = outcome === 'lost';
  const closedAt = isLost || draw.chance(0.2) ? startMs + draw.upTo(endMs - startMs) : endMs;
  const count = segments.length;
  const ending = {
    taskId: line.taskId,
    attempt,
    epoch: attempt,
    instanceId: slot.instanceId,
    outcome,
    closedAt,
    sequence: 3 * attempt,
    ...(fault === undefined ? {} : { fault }),
  };
  tasks.set(line.taskId, {
    taskId: line.taskId,
    attempts: attempt,
    pendingFinal: (final) => (isLost ? lost({ ...ending, final }) : closed({ ...ending, final, segmentCount: count })),
  });
  const borne = outcome === 'succeeded' || outcome === 'cancelled' || (outcome === 'failed' && fault !== 'platform');
  if (borne)
    owed.set(line.taskId, (owed.get(line.taskId) ?? 0) + Math.ceil(((closedAt - startMs) * slot.sharePpm) / 1_000_000));
  playMischief(draw, slot, work, endMs, facts);
  return endMs;
}

/** What a healthy worker never sends. None of it may reach a tenant. */
function playMischief(
  draw: Draw,
  slot: Slot,
  work: { readonly taskId: string; readonly attempt: number; readonly epoch: number; readonly gpu: number },
  endMs: number,
  facts: BillingFact[],
): void {
  const send = (part: Parameters<typeof aSegment>[0]): void => {
    facts.push(usage([aSegment({ instanceId: slot.instanceId, ...work, ...part })], slot.instanceId));
  };
  const small = { startMs: endMs, sharePpm: 1_000 };
  // A zombie goes on under its old epoch, or past the end that it reported.
  if (draw.chance(0.05)) send({ ...small, epoch: work.epoch + 100, seq: MISCHIEF_SEQ + 1, endMs: endMs + 1_500 });
  if (draw.chance(0.05)) send({ ...small, seq: MISCHIEF_SEQ + 2, endMs: endMs + 700 });
  // The GPU a second time, a GPU that is not there, and time after the instance was given back.
  if (draw.chance(0.04)) send({ seq: MISCHIEF_SEQ + 3, startMs: endMs - 1, endMs: endMs + 3_000, sharePpm: 1_000_000 });
  if (draw.chance(0.04)) send({ seq: MISCHIEF_SEQ + 4, gpu: 7, startMs: 0, endMs: 1_000 });
  if (draw.chance(0.04)) {
    send({ seq: MISCHIEF_SEQ + 5, startMs: slot.heldMs - 100, endMs: slot.heldMs + 5_000, sharePpm: 1_000 });
  }
}

function isMischief(fact: BillingFact): boolean {
  return fact.kind === 'usage' && fact.event.data.segments.some(({ seq }) => seq > MISCHIEF_SEQ);
}

function takeLine(draw: Draw, name: string, facts: BillingFact[], tasks: Map<string, TaskLine>): TaskLine {
  const waiting = [...tasks.values()];
  if (waiting.length === 0 || draw.chance(0.6)) {
    const taskId = testId(name);
    return { taskId, attempts: 0, pendingFinal: () => closed({ taskId }) };
  }
  const line = draw.oneOf(waiting);
  facts.push(line.pendingFinal(false));
  tasks.delete(line.taskId);
  return line;
}

function cut(startMs: number, endMs: number): readonly (readonly [number, number])[] {
  const pieces: (readonly [number, number])[] = [];
  for (let from = startMs; from < endMs; from += CUT_MS) pieces.push([from, Math.min(endMs, from + CUT_MS)]);
  return pieces;
}

/** The same facts in another order, some of them twice. */
export function shuffledWithDuplicates(facts: readonly BillingFact[], rng: Rng): readonly BillingFact[] {
  const all = facts.concat(facts.filter(() => rng.next() < 0.1));
  for (let i = all.length - 1; i > 0; i--) {
    const j = Math.floor(rng.next() * (i + 1));
    const swapped = all[i];
    const other = all[j];
    if (swapped !== undefined && other !== undefined) [all[i], all[j]] = [other, swapped];
  }
  return all;
}
