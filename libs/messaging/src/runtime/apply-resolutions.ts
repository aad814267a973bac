import type { RecordPosition, Resolution } from '../ports/parked-event-store.port.js';
import { RESOLUTIONS } from '../ports/parked-event-store.port.js';
import type { ConsumerContext } from './consumer-context.js';
import type { LaneEntry } from './lane-entry.js';
import type { LaneTake } from './owned-partition.js';

interface Decided {
  readonly take: LaneTake;
  readonly entry: LaneEntry;
  readonly resolution: Resolution;
  readonly position: RecordPosition;
}

/**
 * Does what operators decided about dead records of this group. Where one blocks its key, the store lets it go and the
 * lane is read again. A redriven record that blocks nothing (its topic has no sequence, or it was let go before) loses
 * its verdict, and goes to the handler as an event. Doing it twice is harmless.
 */
export async function applyResolutions(context: ConsumerContext, takes: readonly LaneTake[]): Promise<void> {
  const decided = takes.flatMap((take) => take.entries.flatMap((entry) => decisionOf(take, entry)));
  if (decided.length === 0 || context.parked === undefined) return;
  const { group } = context.definition;
  for (const resolution of RESOLUTIONS) {
    const chosen = decided.filter((decision) => decision.resolution === resolution);
    if (chosen.length === 0) continue;
    const positions = chosen.map(({ position }) => position);
    const resolved = new Set((await context.parked.resolve(group, positions, resolution)).map(nameOf));
    for (const decision of chosen) conclude(decision, resolved.has(nameOf(decision.position)));
  }
}

function decisionOf(take: LaneTake, entry: LaneEntry): readonly Decided[] {
  const { verdict } = entry;
  if (verdict?.kind !== 'resolve') return [];
  return [{ take, entry, resolution: verdict.resolution, position: verdict.position }];
}

function conclude({ take, entry, resolution }: Decided, wasDead: boolean): void {
  if (wasDead) take.lane.reopens = true;
  entry.verdict = wasDead || resolution === 'skip' ? { kind: 'applied' } : entry.unreadable;
  // What goes to the handler starts a life of its own; what was stored keeps its counts there.
  if (!wasDead) entry.redrives += 1;
}

function nameOf({ topic, partition, offset }: RecordPosition): string {
  return `${topic}/${partition}/${offset}`;
}
