import type { DeadLetter } from '../domain/dead-letter.js';
import type { DeadLetterFilter, DeadLetterPosition, DeadLetterStore } from '../engine/ports/dead-letter-store.port.js';

/** Dead letters in a map. */
export function createInMemoryDeadLetterStore(): DeadLetterStore {
  const rows = new Map<string, DeadLetter>();
  const chosen = (filter: DeadLetterFilter): DeadLetter[] =>
    [...rows.values()].filter((letter) => matches(letter, filter));
  return {
    record: async (letters) => {
      for (const letter of letters) {
        const before = rows.get(letter.id);
        if (before === undefined) rows.set(letter.id, letter);
        else if (before.redrives < letter.redrives) rows.set(letter.id, { ...letter, createdAt: before.createdAt });
      }
    },
    find: async (id) => rows.get(id),
    list: async (filter, { order, limit, after }) => {
      const sign = order === 'newest' ? -1 : 1;
      return chosen(filter)
        .sort((a, b) => sign * compare(a, b))
        .filter((letter) => after === undefined || sign * compare(letter, after) > 0)
        .slice(0, limit);
    },
    count: async (filter) => chosen(filter).length,
    markResolved: async (ids, { state, by, at }) => {
      for (const id of ids) {
        const letter = rows.get(id);
        if (letter?.state === 'open') rows.set(id, { ...letter, state, resolvedBy: by, resolvedAt: at });
      }
    },
    deleteBefore: async (before, limit) => {
      const old = [...rows.values()].filter(({ createdAt }) => createdAt < before).slice(0, limit);
      for (const { id } of old) rows.delete(id);
      return old.length;
    },
  };
}

function matches(letter: DeadLetter, filter: DeadLetterFilter): boolean {
  const { createdAfter = -Infinity, createdBefore = Infinity, ...names } = filter;
  if (letter.createdAt < createdAfter || letter.createdAt >= createdBefore) return false;
  return Object.entries(names).every(([name, value]) => letter[name as keyof typeof names] === value);
}

function compare(a: DeadLetterPosition, b: DeadLetterPosition): number {
  return a.createdAt - b.createdAt || (a.id < b.id ? -1 : Number(a.id > b.id));
}
