const encoder = new TextEncoder();
const SEED = 0x9747b28c;
const M = 0x5bd1e995;

/**
 * The partition of a key: murmur2 of its UTF-8 bytes, its sign bit off, modulo the number of partitions. It is the
 * default partitioner of Kafka's Java client and of kafkajs, so that a key lies in the same partition on both buses.
 * Fixed for ever: another function would put a key's next record into another partition.
 */
export function partitionOf(key: string, partitions: number): number {
  return (murmur2(encoder.encode(key)) & 0x7fffffff) % partitions;
}

/** MurmurHash2, 32 bit, little endian, with Kafka's seed (Austin Appleby; org.apache.kafka.common.utils.Utils). */
function murmur2(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const whole = bytes.length - (bytes.length % 4);
  let hash = SEED ^ bytes.length;
  for (let at = 0; at < whole; at += 4) hash = Math.imul(hash, M) ^ mixed(view.getUint32(at, true));
  for (let at = bytes.length - 1; at >= whole; at--) hash ^= view.getUint8(at) << (8 * (at - whole));
  if (bytes.length > whole) hash = Math.imul(hash, M);
  hash = Math.imul(hash ^ (hash >>> 13), M);
  return hash ^ (hash >>> 15);
}

function mixed(word: number): number {
  const k = Math.imul(word, M);
  return Math.imul(k ^ (k >>> 24), M);
}
