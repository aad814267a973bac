import { createHmac, timingSafeEqual } from 'node:crypto';

/** HMAC-SHA-256 of a whole key with the pepper, hex. */
export function keyHash(key: string, pepper: string): string {
  return createHmac('sha256', pepper).update(key).digest('hex');
}

/** Compares in time that does not depend on where two hashes differ. */
export function sameHash(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
