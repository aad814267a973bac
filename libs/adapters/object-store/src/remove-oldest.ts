import type { DurationMs, Instant } from '@millrace/kernel';
import type { StoredObject } from '@millrace/execution/ports';
import type { ObjectDirectory } from './object-directory.js';
import { walkObjects } from './walk-objects.js';

/** Younger objects are never removed: an attempt that runs still needs what it wrote. */
export const RETENTION_MINIMUM_AGE_MS = 15 * 60_000;

/** A write that takes longer than this was killed. */
const LEFTOVER_AGE_MS = 24 * 3_600_000;

export interface RetentionLimits {
  /** Bytes that all objects together may take. */
  readonly limitBytes: number;
  /** Most objects removed by one call. */
  readonly batch: number;
  /** @default RETENTION_MINIMUM_AGE_MS */
  readonly minimumAgeMs?: DurationMs;
}

export interface RemovedObjects {
  readonly removed: readonly string[];
  readonly bytesRemoved: number;
  /** Bytes that remain. Above the limit when the batch was too small or the rest is too young. */
  readonly bytesLeft: number;
}

/** Removes the oldest objects down to the limit, each replaced by a tombstone first, so that no read finds neither. */
export async function removeOldest(
  disk: ObjectDirectory,
  limits: RetentionLimits,
  now: Instant,
): Promise<RemovedObjects> {
  await disk.removeLeftovers(now - LEFTOVER_AGE_MS);
  const objects = await allObjects(disk);
  const bytesStored = objects.reduce((sum, object) => sum + object.bytes, 0);
  const chosen = chooseOldest(objects, bytesStored - limits.limitBytes, limits, now);
  for (const { key } of chosen) {
    await disk.bury(key);
    await disk.remove(key);
  }
  const bytesRemoved = chosen.reduce((sum, object) => sum + object.bytes, 0);
  return { removed: chosen.map(({ key }) => key), bytesRemoved, bytesLeft: bytesStored - bytesRemoved };
}

/** Oldest first, ties by key, until `excessBytes` are covered or the batch is full. */
export function chooseOldest(
  objects: readonly StoredObject[],
  excessBytes: number,
  limits: RetentionLimits,
  now: Instant,
): readonly StoredObject[] {
  const youngestAt = now - (limits.minimumAgeMs ?? RETENTION_MINIMUM_AGE_MS);
  const candidates = objects
    .filter((object) => object.storedAt <= youngestAt)
    .sort((a, b) => a.storedAt - b.storedAt || (a.key < b.key ? -1 : 1));
  const chosen: StoredObject[] = [];
  let coveredBytes = 0;
  for (const object of candidates) {
    if (coveredBytes >= excessBytes || chosen.length >= limits.batch) break;
    chosen.push(object);
    coveredBytes += object.bytes;
  }
  return chosen;
}

async function allObjects(disk: ObjectDirectory): Promise<StoredObject[]> {
  const objects: StoredObject[] = [];
  for await (const key of walkObjects(disk.objectsPath, '')) {
    const stored = await disk.read(key);
    if (stored !== undefined) objects.push(stored);
  }
  return objects;
}
