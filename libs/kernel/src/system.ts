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

export const systemIds: IdGenerator = { next: () => uuidv7(systemClock.now(), systemRng) };
