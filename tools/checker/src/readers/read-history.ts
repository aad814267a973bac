import type { History } from '../history.js';
import { openBus, type BusAddress } from './open-bus.js';
import { readTables } from './read-tables.js';
import { readTopics } from './read-topics.js';

/** What only the test itself knows: what it submitted, saw, and received. */
export type ClientSide = Pick<History, 'submissions' | 'cancellations' | 'observations' | 'receipts' | 'deadEndpoints'>;

export interface ReadHistoryOptions {
  /** Of a user past row-level security. */
  readonly databaseUrl: string;
  readonly bus: BusAddress;
  readonly clients: ClientSide;
}

/** The history of a real system that has come to rest: its topics and tables, with what its clients wrote down. */
export async function readHistory({ databaseUrl, bus, clients }: ReadHistoryOptions): Promise<History> {
  const opened = openBus(bus);
  try {
    const [{ records, deadLetters }, tables] = await Promise.all([readTopics(opened), readTables(databaseUrl)]);
    return { ...clients, ...tables, records, leftovers: { ...tables.leftovers, deadLetters } };
  } finally {
    await opened.close();
  }
}
