import { connect } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { startKafka } from '../kafka/start-kafka.js';
import { describeWithServer } from './describe-with-server.js';

await describeWithServer('kafka', 'a broker for tests', ({ brokers }) => {
  it('listens on its address', async () => {
    await expect(connects(brokers[0] ?? '')).resolves.toBeUndefined();
  });

  describe('fault tests', () => {
    it('kills a broker of their own and starts it again on the same address', async () => {
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
    }, 60_000);
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
