import { AppError } from '@millrace/kernel';
import type { OutgoingRecord } from '@millrace/messaging/ports';
import type { Spool, SpooledRecord } from '../engine/ports/spool.port.js';

/** A disk that outlives the spools opened on it. */
export interface InMemorySpoolDisk {
  open(): Promise<Spool>;
  /** While full, appends are refused. */
  full: boolean;
}

export function createInMemorySpoolDisk(): InMemorySpoolDisk {
  const records: SpooledRecord[] = [];
  let lastId = 0;
  const disk: InMemorySpoolDisk = {
    full: false,
    open: async () => ({
      append: async (added: readonly OutgoingRecord[]) => {
        if (disk.full) {
          throw new AppError({ kind: 'unavailable', code: 'service_unavailable', message: 'the disk is full' });
        }
        for (const record of added) records.push({ id: ++lastId, record });
      },
      pending: async (limit) => records.slice(0, limit),
      acknowledge: async (ids) => {
        const done = new Set(ids);
        const kept = records.filter(({ id }) => !done.has(id));
        records.splice(0, records.length, ...kept);
      },
      depth: () => records.length,
      close: async () => {},
    }),
  };
  return disk;
}
