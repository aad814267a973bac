import {
  PARKED_KINDS,
  type ParkedEvent,
  type ParkedEventStore,
  type ParkedKey,
} from '../ports/parked-event-store.port.js';
import type { IncomingRecord } from '../ports/event-bus.port.js';
import { partitionName } from './in-memory-log.js';

/** A ParkedEventStore in memory, with what a test wants to look at. */
export interface InMemoryParkedEventStore extends ParkedEventStore {
  /** Every entry of a group, by topic, partition and offset. */
  entries(group: string): readonly ParkedEvent[];
  /** From now on every call asks first; what it throws, the call rejects with. */
  intercept(check: (() => void) | undefined): void;
}

export function createInMemoryParkedEventStore(): InMemoryParkedEventStore {
  const groups = new Map<string, Map<string, ParkedEvent>>();
  let check: (() => void) | undefined;
  const entriesOf = (group: string): Map<string, ParkedEvent> => {
    const entries = groups.get(group) ?? new Map<string, ParkedEvent>();
    groups.set(group, entries);
    return entries;
  };
  return {
    put: async (group, events) => {
      check?.();
      const entries = entriesOf(group);
      for (const event of events) {
        const parkedAt = entries.get(positionName(event.record))?.parkedAt ?? event.parkedAt;
        entries.set(positionName(event.record), { ...event, parkedAt });
      }
    },
    keys: async (group, partitions) => {
      check?.();
      const owned = new Set(partitions.map(partitionName));
      return keysOf([...entriesOf(group).values()].filter(({ record }) => owned.has(partitionName(record))));
    },
    load: async (group, topic, key, limit) => {
      check?.();
      return sorted([...entriesOf(group).values()])
        .filter(({ record }) => record.topic === topic && record.key === key)
        .slice(0, limit);
    },
    remove: async (group, positions) => {
      check?.();
      for (const at of positions) entriesOf(group).delete(positionName(at));
    },
    resolve: async (group, positions, resolution) => {
      check?.();
      const entries = entriesOf(group);
      return positions.filter((at) => {
        const entry = entries.get(positionName(at));
        if (entry?.kind !== 'dead') return false;
        if (resolution === 'skip') return entries.delete(positionName(at));
        const { failedTries: _failedTries, dueAt: _dueAt, redrives = 0, ...rest } = entry;
        entries.set(positionName(at), { ...rest, kind: 'parked', redrives: redrives + 1 });
        return true;
      });
    },
    entries: (group) => sorted([...entriesOf(group).values()]),
    intercept: (next) => {
      check = next;
    },
  };
}

function positionName(at: Pick<IncomingRecord, 'topic' | 'partition' | 'offset'>): string {
  return `${partitionName(at)}@${at.offset}`;
}

function sorted(events: readonly ParkedEvent[]): ParkedEvent[] {
  return events.toSorted(
    ({ record: a }, { record: b }) =>
      a.topic.localeCompare(b.topic) || a.partition - b.partition || Number(a.offset - b.offset),
  );
}

function keysOf(events: readonly ParkedEvent[]): ParkedKey[] {
  const byKey = Map.groupBy(events, ({ record }) => `${partitionName(record)}/${record.key}`);
  return [...byKey.values()].flatMap((group) => {
    const first = group[0]?.record;
    if (first === undefined) return [];
    const { topic, partition, key } = first;
    const counts = { held: 0, parked: 0, delayed: 0, dead: 0 };
    for (const kind of PARKED_KINDS) counts[kind] = group.filter((event) => event.kind === kind).length;
    return [{ topic, partition, key, counts }];
  });
}
