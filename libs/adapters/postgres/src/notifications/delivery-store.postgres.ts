import type { Instant } from '@millrace/kernel';
import { originOf, type Delivery, type DeliveryTry } from '@millrace/notifications';
import type { DeliveryPage, DeliveryStore, LoggedDelivery } from '@millrace/notifications/ports';
import type pg from 'pg';
import { deliveryFromRow, tryFromRow, type DeliveryRow, type TryRow } from './delivery.mapping.js';

const ADD = `INSERT INTO notifier.deliveries (id, tenant_id, task_id, event_id, event_type, url, origin, occurred_at, content, traceparent, state, tries, created_at, next_try_at)
  SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::jsonb[], $10::text[], $11::text[], $12::int[], $13::timestamptz[], $14::timestamptz[])
  ON CONFLICT ON CONSTRAINT deliveries_event_url DO NOTHING`;

// Two takers at once: the second waits for the row and then finds it held.
const TAKE_DUE = `WITH held AS (
    SELECT origin, count(*) AS taken FROM notifier.deliveries WHERE state = 'pending' AND held_until > $1 GROUP BY origin
  ), due AS (
    SELECT id, origin, next_try_at, row_number() OVER (PARTITION BY origin ORDER BY next_try_at, id) AS place
    FROM notifier.deliveries WHERE state = 'pending' AND next_try_at <= $1 AND (held_until IS NULL OR held_until <= $1)
  ), chosen AS (
    SELECT due.id FROM due LEFT JOIN held USING (origin)
    WHERE due.place + coalesce(held.taken, 0) <= $2 ORDER BY due.next_try_at, due.id LIMIT $3
  ), taken AS (
    UPDATE notifier.deliveries AS delivery SET held_until = $4 FROM chosen
    WHERE delivery.id = chosen.id AND (delivery.held_until IS NULL OR delivery.held_until <= $1)
    RETURNING delivery.*
  ) SELECT * FROM taken ORDER BY next_try_at, id`;

const RECORD = `WITH logged AS (
    INSERT INTO notifier.tries (delivery_id, number, tenant_id, at, outcome)
    SELECT * FROM unnest($1::uuid[], $2::int[], $3::text[], $4::timestamptz[], $5::jsonb[])
    ON CONFLICT (delivery_id, number) DO NOTHING
  )
  UPDATE notifier.deliveries AS delivery SET state = result.state, tries = result.tries, next_try_at = result.next_try_at, held_until = NULL
  FROM unnest($1::uuid[], $6::text[], $2::int[], $7::timestamptz[]) AS result (id, state, tries, next_try_at)
  WHERE delivery.id = result.id`;

const LIST = `SELECT * FROM notifier.deliveries
  WHERE tenant_id = $1 AND ($2::uuid IS NULL OR task_id = $2) AND ($3::timestamptz IS NULL OR (created_at, id) < ($3, $4::uuid))
  ORDER BY created_at DESC, id DESC LIMIT $5`;

const REMOVE = `DELETE FROM notifier.deliveries WHERE id IN (
    SELECT id FROM notifier.deliveries WHERE state <> 'pending' AND created_at < $1 LIMIT $2
  )`;

/** Deliveries in the schema `notifier`, over one connection. */
export class PostgresDeliveryStore implements DeliveryStore {
  constructor(private readonly client: pg.ClientBase | pg.Pool) {}

  async add(deliveries: readonly Delivery[]): Promise<void> {
    const column = <Value>(pick: (delivery: Delivery) => Value): Value[] => deliveries.map(pick);
    await this.query('deliveries-add', ADD, [
      column(({ id }) => id),
      column(({ tenantId }) => tenantId),
      column(({ taskId }) => taskId),
      column(({ eventId }) => eventId),
      column(({ eventType }) => eventType),
      column(({ url }) => url),
      column(({ url }) => originOf(url)),
      column(({ occurredAt }) => occurredAt),
      column(({ content }) => JSON.stringify(content)),
      column(({ traceparent }) => traceparent ?? null),
      column(({ state }) => state),
      column(({ tries }) => tries),
      column(({ createdAt }) => new Date(createdAt)),
      column(({ nextTryAt }) => dateOf(nextTryAt)),
    ]);
  }

  async takeDue(now: Instant, options: Parameters<DeliveryStore['takeDue']>[1]): Promise<readonly Delivery[]> {
    const values = [new Date(now), options.perEndpoint, options.limit, new Date(now + options.holdMs)];
    return (await this.query<DeliveryRow>('deliveries-take', TAKE_DUE, values)).map(deliveryFromRow);
  }

  async recordTries(results: readonly { readonly delivery: Delivery; readonly logged: DeliveryTry }[]): Promise<void> {
    await this.query('deliveries-record', RECORD, [
      results.map(({ delivery }) => delivery.id),
      results.map(({ logged }) => logged.number),
      results.map(({ delivery }) => delivery.tenantId),
      results.map(({ logged }) => new Date(logged.at)),
      results.map(({ logged }) => JSON.stringify(logged.outcome)),
      results.map(({ delivery }) => delivery.state),
      results.map(({ delivery }) => dateOf(delivery.nextTryAt)),
    ]);
  }

  async nextDueAt(): Promise<Instant | undefined> {
    const text = `SELECT min(greatest(next_try_at, held_until)) AS due FROM notifier.deliveries WHERE state = 'pending'`;
    const [row] = await this.query<{ due: Date | null }>('deliveries-next-due', text, []);
    return row?.due?.getTime();
  }

  async list(tenantId: string, page: DeliveryPage): Promise<readonly LoggedDelivery[]> {
    const before = page.before === undefined ? [null, null] : [new Date(page.before.createdAt), page.before.id];
    const rows = await this.query<DeliveryRow>('deliveries-list', LIST, [
      tenantId,
      page.taskId ?? null,
      ...before,
      page.limit,
    ]);
    const text = 'SELECT * FROM notifier.tries WHERE delivery_id = ANY($1::uuid[]) ORDER BY number';
    const tries = (await this.query<TryRow>('deliveries-tries', text, [rows.map(({ id }) => id)])).map(tryFromRow);
    return rows.map((row) => ({
      delivery: deliveryFromRow(row),
      tries: tries.filter(({ deliveryId }) => deliveryId === row.id),
    }));
  }

  async removeBefore(cutoff: Instant, limit: number): Promise<number> {
    const { rowCount } = await this.client.query({
      name: 'deliveries-remove',
      text: REMOVE,
      values: [new Date(cutoff), limit],
    });
    return rowCount ?? 0;
  }

  private async query<Row extends pg.QueryResultRow>(name: string, text: string, values: unknown[]): Promise<Row[]> {
    return (await this.client.query<Row>({ name, text, values })).rows;
  }
}

function dateOf(instant: Instant | null): Date | null {
  return instant === null ? null : new Date(instant);
}
