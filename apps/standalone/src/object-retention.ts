import type { FileObjectStore } from '@millrace/adapter-object-store';
import { messageOf, systemClock, type Logger } from '@millrace/kernel';

const SWEEP_EVERY_MS = 60_000;
const BATCH = 200;

/** Keeps the objects within their limit, oldest removed first; a removed one answers 410. Returns how to stop. */
export function keepObjectsWithin(store: FileObjectStore, limitBytes: number, logger: Logger): () => Promise<void> {
  let running = Promise.resolve();
  let cancel: () => void;
  const plan = (): void => {
    cancel = systemClock.after(SWEEP_EVERY_MS, () => {
      running = sweep(store, limitBytes, logger).then(plan);
    });
  };
  plan();
  return async () => {
    cancel();
    await running;
    cancel();
  };
}

async function sweep(store: FileObjectStore, limitBytes: number, logger: Logger): Promise<void> {
  try {
    const { removed, bytesRemoved } = await store.removeOldest({ limitBytes, batch: BATCH });
    if (removed.length > 0) logger.info('removed the oldest objects', { objects: removed.length, bytesRemoved });
  } catch (error) {
    logger.warn('the objects could not be swept', { error: messageOf(error) });
  }
}
