import type pg from 'pg';
import type { Inbox, ReceivedEvent } from '@millrace/messaging/ports';

/** Inbox marks in the transaction of `client`: one insert for the batch; what was there already is left out. */
export function createPostgresInbox(client: pg.ClientBase, schema: string): Inbox {
  return { claim: (consumer, events) => claim(client, schema, consumer, events) };
}

async function claim(
  client: pg.ClientBase,
  schema: string,
  consumer: string,
  events: readonly ReceivedEvent[],
): Promise<readonly ReceivedEvent[]> {
  if (events.length === 0) return [];
  // Always in the same order, so that two batches with the same events can't lock each other out.
  const ids = events.map(({ id }) => id).sort();
  const { rows } = await client.query<{ id: string }>({
    name: `${schema}-inbox-claim`,
    text: `INSERT INTO ${schema}.inbox (consumer, event_id) SELECT $1, id FROM unnest($2::text[]) AS id
      ON CONFLICT DO NOTHING RETURNING event_id AS id`,
    values: [consumer, ids],
  });
  const fresh = new Set(rows.map(({ id }) => id));
  // `delete` is true once per id: of an event that is twice in the batch, the first counts.
  return events.filter(({ id }) => fresh.delete(id));
}
