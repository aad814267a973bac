import type { Instant, TaskId } from '@millrace/kernel';
import type { Task } from '../domain/task.js';
import type { RunLengths, ServedTime } from '../engine/ports/history-store.port.js';
import type { Lease } from '../engine/ports/lease-store.port.js';
import type { Tombstone } from '../engine/ports/task-store.port.js';
import type { Worker } from '../engine/ports/worker-store.port.js';

/** Rows of the scheduler's tables, by primary key. */
export interface Tables {
  readonly tasks: Map<TaskId, Task>;
  readonly tombstones: Map<string, Tombstone & { readonly leftAt: Instant }>;
  readonly leases: Map<TaskId, Lease>;
  readonly workers: Map<string, Worker>;
  readonly stops: Map<TaskId, Instant>;
  readonly runs: Map<string, RunLengths & { readonly at: Instant }>;
  readonly served: Map<string, ServedTime & { readonly bucket: Instant }>;
}

export function noRows(): Tables {
  return {
    tasks: new Map(),
    tombstones: new Map(),
    leases: new Map(),
    workers: new Map(),
    stops: new Map(),
    runs: new Map(),
    served: new Map(),
  };
}

export function removeSome<Key, Row>(rows: Map<Key, Row>, isOld: (row: Row) => boolean, limit: number): number {
  const old = [...rows].filter(([, row]) => isOld(row)).slice(0, limit);
  for (const [key] of old) rows.delete(key);
  return old.length;
}
