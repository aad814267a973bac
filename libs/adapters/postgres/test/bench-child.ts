import { systemClock } from '@millrace/kernel';
import { BUS_ROLE, createPostgresEventBus } from '../src/bus/index.js';

// One process of the bus benchmark: subscribes, and answers each record of "ping" on "pong".
const [url = '', partitions = '4', subscriptions = '1'] = process.argv.slice(2);
const bus = createPostgresEventBus({ url, role: BUS_ROLE, clock: systemClock });
await bus.ensureTopics(
  ['ping', 'pong'].map((topic) => ({ topic, partitions: Number(partitions), retentionMs: 3_600_000 })),
);
for (let n = 0; n < Number(subscriptions); n++) {
  const subscription = await bus.subscribe(
    { group: `child-${n}-${process.pid}`, topics: ['ping'], from: 'end' },
    {
      assigned: () => {},
      revoked: async () => {},
      received: (records) => {
        if (n === 0)
          void bus.publish(records.map(({ key, headers, value }) => ({ topic: 'pong', key, headers, value })));
      },
    },
  );
  await subscription.ready;
}
process.stdout.write('ready\n');
process.stdin.on('data', () => {
  const { user, system } = process.cpuUsage();
  process.stdout.write(`${user + system}\n`);
});
setInterval(() => {}, 60_000);
