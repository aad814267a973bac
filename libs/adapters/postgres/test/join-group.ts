import { systemClock } from '@millrace/kernel';
import type { TopicPartition } from '@millrace/messaging/ports';
import { BUS_ROLE, createPostgresEventBus } from '../src/bus/index.js';

// Joins a group, prints the partitions it got, and waits to be killed.
const [url = '', topic = '', group = ''] = process.argv.slice(2);
const bus = createPostgresEventBus({ url, role: BUS_ROLE, clock: systemClock });
const owned: number[] = [];
const sink = {
  assigned: (partitions: readonly TopicPartition[]) => void owned.push(...partitions.map(({ partition }) => partition)),
  revoked: async () => {},
  received: () => {},
};
const subscription = await bus.subscribe({ group, topics: [topic], from: 'committed' }, sink);
await subscription.ready;
process.stdout.write(`${JSON.stringify(owned.sort())}\n`);
setInterval(() => {}, 60_000);
