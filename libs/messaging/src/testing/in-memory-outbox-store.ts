import type { Clock, DurationMs } from '@millrace/kernel';
import type { OutboxBatch, OutboxStore } from '../ports/outbox-store.port.js';

/** An OutboxStore in memory, with the part that the unit of work plays in production. */
export interface InMemoryOutboxStore extends OutboxStore {
  /** A committed row, made `ageMs` ago. */
  insert(batch: OutboxBatch, ageMs?: DurationMs): void;
  unpublished(): readonly OutboxBatch[];
  /** From now on every call asks first; what it throws, the call rejects with. */
  intercept(check: (() => void) | undefined): void;
}

export function createInMemoryOutboxStore(clock: Clock): InMemoryOutboxStore {
  const rows = new Map<string, { readonly batch: OutboxBatch; readonly insertedMs: DurationMs }>();
  let relaying = false;
  let check: (() => void) | undefined;
  const oldestFirst = (): { readonly batch: OutboxBatch; readonly ageMs: DurationMs }[] =>
    [...rows.values()]
      .map(({ batch, insertedMs }) => ({ batch, ageMs: clock.monotonicMs() - insertedMs }))
      .toSorted((a, b) => b.ageMs - a.ageMs);
  return {
    insert: (batch, ageMs = 0) => void rows.set(batch.id, { batch, insertedMs: clock.monotonicMs() - ageMs }),
    unpublished: () => oldestFirst().map(({ batch }) => batch),
    intercept: (next) => {
      check = next;
    },
    markPublished: async (ids) => {
      check?.();
      for (const id of ids) rows.delete(id);
    },
    leftBehind: async ({ olderThanMs, limit }) => {
      check?.();
      const old = oldestFirst().filter(({ ageMs }) => ageMs >= olderThanMs);
      return old.slice(0, limit).map(({ batch }) => batch);
    },
    oldestUnpublishedMs: async () => {
      check?.();
      return oldestFirst()[0]?.ageMs;
    },
    exclusively: async (work) => {
      check?.();
      if (relaying) return false;
      relaying = true;
      try {
        await work();
        return true;
      } finally {
        relaying = false;
      }
    },
  };
}
