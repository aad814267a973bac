import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '@millrace/kernel';
import type { IncomingRecord } from '@millrace/messaging/ports';
import { BUS_ROLE, createPostgresEventBus, migrateBus } from '../src/bus/index.js';
import { startTemporaryPostgres } from '../src/server/index.js';
import { startChild } from './start-child.js';

// Measures the event log: append cost, latency across two processes, CPU when idle. Prints one line per figure.
const TOPICS = 14;
const PARTITIONS = Number(process.argv[2] ?? 4);
const IDLE_MS = 20_000;
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const server = await startTemporaryPostgres({ durable: true });
await migrateBus({ url: server.url });
const bus = createPostgresEventBus({ url: server.url, role: BUS_ROLE, clock: systemClock });
const names = Array.from({ length: TOPICS }, (_, n) => `topic-${n}`);
await bus.ensureTopics(names.map((topic) => ({ topic, partitions: PARTITIONS, retentionMs: 3_600_000 })));
const { child } = await startChild('bench-child.ts', [server.url, String(PARTITIONS), '2']);

const silent = { assigned: () => {}, revoked: async () => {}, received: () => {} };
const startedMs = systemClock.monotonicMs();
for (const topic of names) {
  const subscription = await bus.subscribe({ group: `main-${topic}`, topics: [topic], from: 'committed' }, silent);
  await subscription.ready;
}
say(
  `${TOPICS} subscriptions of ${PARTITIONS} partitions ready after ${Math.round(systemClock.monotonicMs() - startedMs)} ms`,
);

const value = Buffer.alloc(500, 'x');
const record = (topic: string, n: number) => ({
  topic,
  key: `key-${n}`,
  headers: { ce_id: `id-${n}`, ce_type: 'x' },
  value,
});
for (const size of [1, 10, 100, 500]) {
  const rounds = Math.min(300, 20_000 / size);
  const fromMs = systemClock.monotonicMs();
  for (let round = 0; round < rounds; round++) {
    await bus.publish(Array.from({ length: size }, (_, n) => record('topic-0', round * size + n)));
  }
  const ms = systemClock.monotonicMs() - fromMs;
  say(
    `append, batches of ${size}: ${((ms * 1_000) / (rounds * size)).toFixed(0)} us a record, ${(ms / rounds).toFixed(2)} ms a batch`,
  );
}
{
  const fromMs = systemClock.monotonicMs();
  await Promise.all(Array.from({ length: 20_000 }, (_, n) => bus.publish([record('topic-1', n)])));
  const ms = systemClock.monotonicMs() - fromMs;
  say(`append, 20,000 publishes of one at once: ${((ms * 1_000) / 20_000).toFixed(0)} us a record`);
}

let arrived: (record: IncomingRecord) => void = () => {};
const pong = await bus.subscribe(
  { group: 'pong', topics: ['pong'], from: 'end' },
  { ...silent, received: (records: readonly IncomingRecord[]) => records.forEach((one) => arrived(one)) },
);
await pong.ready;
const roundTrips: number[] = [];
for (let n = 0; n < 300; n++) {
  const fromMs = systemClock.monotonicMs();
  const answered = new Promise<void>((resolve) => (arrived = () => resolve()));
  await bus.publish([record('ping', n)]);
  await answered;
  roundTrips.push(systemClock.monotonicMs() - fromMs);
  // Half of them one right after the other, half after a pause.
  if (n % 2 === 0) await delay(20);
}
roundTrips.sort((a, b) => a - b);
const at = (share: number): string => ((roundTrips[Math.floor(share * roundTrips.length)] ?? 0) / 2).toFixed(2);
say(`publish to receive across two processes (half a round trip): p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`);

await delay(2_000);
const childCpu = (): Promise<number> =>
  new Promise((resolve) => {
    child.stdout?.once('data', (text: Buffer) => resolve(Number(text)));
    child.stdin?.write('?');
  });
const mainCpu = (): number => process.cpuUsage().user + process.cpuUsage().system;
const serverCpu = (): number =>
  readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .map((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        if (!stat.includes('(postgres)')) return 0;
        const own = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        if (!own.startsWith('postgres:') && !own.includes(dataOf)) return 0;
        const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return (Number(fields[11]) + Number(fields[12])) * 10_000;
      } catch {
        return 0;
      }
    })
    .reduce((sum, us) => sum + us, 0);
const dataOf = 'millrace-postgres-';
const before = [mainCpu(), await childCpu(), serverCpu()];
await delay(IDLE_MS);
const after = [mainCpu(), await childCpu(), serverCpu()];
const share = (index: number): string => (((after[index] ?? 0) - (before[index] ?? 0)) / (IDLE_MS * 10)).toFixed(2);
say(`idle, of one core: this process ${share(0)} %, the other ${share(1)} %, all Postgres servers here ${share(2)} %`);
child.kill('SIGKILL');
await bus.close();
await server.stop();
process.exit(0);
