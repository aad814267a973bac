import { connect } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { startKafka } from '../kafka/start-kafka.js';
import { startPostgres } from '../postgres/start-postgres.js';
import { describeWithServer } from './describe-with-server.js';

const TIMEOUT_MS = 90_000;

await describeWithServer('kafka', 'Kafka for tests', ({ brokers }) => {
  it('listens on its address', async () => {
    await expect(connects(brokers[0] ?? '')).resolves.toBeUndefined();
  });

  describe('a cluster of a test', () => {
    it(
      'has a broker that is killed and started again on the same address',
      async () => {
        const cluster = await startKafka();
        try {
          const [node] = cluster.nodes;
          await node?.kill();
          await expect(connects(cluster.brokers[0] ?? '')).rejects.toThrow('ECONNREFUSED');
          await node?.start();
          await expect(connects(cluster.brokers[0] ?? '')).resolves.toBeUndefined();
        } finally {
          await cluster.stop();
        }
      },
      TIMEOUT_MS,
    );

    it(
      'has three brokers when asked for',
      async () => {
        const cluster = await startKafka({ brokers: 3 });
        try {
          expect(new Set(cluster.brokers).size).toBe(3);
          for (const broker of cluster.brokers) await expect(connects(broker)).resolves.toBeUndefined();
        } finally {
          await cluster.stop();
        }
      },
      TIMEOUT_MS,
    );
  });
});

await describeWithServer('postgres', 'Postgres for tests', ({ url }) => {
  it(
    'gives each caller a database of its own',
    async () => {
      const [one, two] = await Promise.all([startPostgres({ adminUrl: url }), startPostgres({ adminUrl: url })]);
      expect(new Set([url, one.url, two.url]).size).toBe(3);
      await Promise.all([one.stop(), two.stop()]);
    },
    TIMEOUT_MS,
  );
});

await describeWithServer('s3', 'S3 for tests', ({ endpoint }) => {
  it('answers, and refuses whoever has no key', async () => {
    const answer = await fetch(endpoint);
    expect(answer.status).toBe(403);
    await answer.body?.cancel();
  });
});

function connects(address: string): Promise<void> {
  const [host = '', port = ''] = address.split(':');
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), host, () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', (error) => reject(new Error(error.message)));
  });
}
