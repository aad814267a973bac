import type pg from 'pg';
import type { BillingLocks } from '@millrace/billing/ports';

/** First key of the advisory locks: one key space for instances, one for tasks. */
const LOCK_CLASS = { instance: 731_041, task: 731_042 } as const;
/** Ids share so many locks, so that a large batch stays far below what the server has room for. A power of two. */
const BUCKETS = 256;

/** Advisory locks until the end of the transaction, taken in order of their bucket. */
export class PostgresBillingLocks implements BillingLocks {
  constructor(private readonly client: pg.ClientBase) {}

  instances(instanceIds: readonly string[]): Promise<void> {
    return this.lock(LOCK_CLASS.instance, instanceIds);
  }

  tasks(taskIds: readonly string[]): Promise<void> {
    return this.lock(LOCK_CLASS.task, taskIds);
  }

  private async lock(lockClass: number, ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await this.client.query({
      name: 'billing-lock',
      text: `SELECT pg_advisory_xact_lock($1, bucket) FROM (
          SELECT DISTINCT hashtext(id) & ${BUCKETS - 1} AS bucket FROM unnest($2::text[]) AS id ORDER BY bucket
        ) AS ordered`,
      values: [lockClass, ids],
    });
  }
}
