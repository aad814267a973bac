import { randomBytes } from 'node:crypto';
import type { Clock } from './clock.js';
import { uuidv7, type IdGenerator } from './ids.js';
import type { Rng } from './rng.js';

/** The machine's own time. The one place that reads it. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, fn) => {
    const timer = setTimeout(fn, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** Cryptographically strong randomness. */
export const systemRng: Rng = {
  next: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
  bytes: (length) => randomBytes(length),
};

/** Random bytes that are drawn at once: a draw costs 5 µs however few they are, and an id needs 16. */
const POOL_BYTES = 4_096;
let pool = Buffer.alloc(0);
let used = 0;

/** The same randomness, drawn in blocks. No byte is given twice. */
const pooledRng: Rng = {
  next: systemRng.next,
  bytes: (length) => {
    if (used + length > pool.length) {
      pool = randomBytes(Math.max(length, POOL_BYTES));
      used = 0;
    }
    return pool.subarray(used, (used += length));
  },
};

export const systemIds: IdGenerator = { next: () => uuidv7(systemClock.now(), pooledRng) };
