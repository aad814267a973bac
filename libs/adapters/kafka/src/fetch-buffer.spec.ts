import { describe, expect, it } from '@jest/globals';
import type { IncomingRecord } from '@millrace/messaging/ports';
import { BUFFER_LIMITS, BufferedPartition, FetchBuffer } from './fetch-buffer.js';

function records(partition: number, count: number, bytes = 10): IncomingRecord[] {
  return Array.from({ length: count }, (_, i) => ({
    ...{ topic: 't', partition, offset: BigInt(i), appendedAt: 0, key: 'k', headers: {} },
    value: new Uint8Array(bytes),
  }));
}

function bufferOf(count: number) {
  const delivered: IncomingRecord[] = [];
  const fetching: [partition: number, fetching: boolean][] = [];
  const onDeliver = { hook: (): void => {} };
  const buffer = new FetchBuffer({
    deliver: (batch) => {
      delivered.push(...batch);
      onDeliver.hook();
    },
    setFetching: ({ partition }, on) => void fetching.push([partition, on]),
  });
  const partitions = Array.from({ length: count }, (_, partition) => new BufferedPartition('t', partition));
  partitions.forEach((partition) => buffer.add(partition));
  return { buffer, partitions: partitions as [BufferedPartition, BufferedPartition], delivered, fetching, onDeliver };
}

describe('fetch buffer', () => {
  it('hands records over at once while the sink takes them', () => {
    const { buffer, partitions, delivered, fetching } = bufferOf(1);
    buffer.push(partitions[0], records(0, 600));
    expect(delivered).toHaveLength(600);
    expect(fetching).toEqual([]);
  });

  it('stops between two deliveries when the sink pauses inside one, and goes on in order after', async () => {
    const { buffer, partitions, delivered, onDeliver } = bufferOf(1);
    onDeliver.hook = () => buffer.pause(partitions[0]);
    buffer.push(partitions[0], records(0, 600));
    expect(delivered).toHaveLength(256);
    onDeliver.hook = () => {};
    buffer.resume(partitions[0]);
    expect(delivered).toHaveLength(256);
    await Promise.resolve();
    expect(delivered.map(({ offset }) => Number(offset))).toEqual(Array.from({ length: 600 }, (_, i) => i));
  });

  it('stops fetching a paused partition when the buffer is full, and starts again at half', async () => {
    const { buffer, partitions, fetching, delivered } = bufferOf(1);
    buffer.pause(partitions[0]);
    buffer.push(partitions[0], records(0, BUFFER_LIMITS.records));
    expect(fetching).toEqual([[0, false]]);
    buffer.resume(partitions[0]);
    await Promise.resolve();
    expect(fetching).toEqual([
      [0, false],
      [0, true],
    ]);
    expect(delivered).toHaveLength(BUFFER_LIMITS.records);
  });

  it('counts bytes as well as records', () => {
    const { buffer, partitions, fetching } = bufferOf(1);
    buffer.pause(partitions[0]);
    buffer.push(partitions[0], records(0, 8, BUFFER_LIMITS.bytes / 8));
    expect(fetching).toEqual([[0, false]]);
  });

  it('lets the other partitions go on when one that waits fills the buffer', () => {
    const { buffer, partitions, fetching, delivered } = bufferOf(2);
    buffer.pause(partitions[0]);
    buffer.push(partitions[0], records(0, BUFFER_LIMITS.records));
    for (let round = 0; round < 5; round++) buffer.push(partitions[1], records(1, 500));
    expect(delivered).toHaveLength(2_500);
    expect(fetching).toEqual([[0, false]]);
  });

  it('drops what it holds when the partitions are given back', async () => {
    const { buffer, partitions, delivered } = bufferOf(1);
    buffer.pause(partitions[0]);
    buffer.push(partitions[0], records(0, 10));
    buffer.resume(partitions[0]);
    buffer.clear();
    await Promise.resolve();
    buffer.push(partitions[0], records(0, 10));
    expect(delivered).toEqual([]);
  });
});
