import type { KafkaMessage, Message } from 'kafkajs';
import type { IncomingRecord, OutgoingRecord } from '@millrace/messaging/ports';

/** The message that kafkajs writes for a record. */
export function toMessage(record: OutgoingRecord): Message {
  return { key: record.key, headers: { ...record.headers }, value: bufferOf(record.value) };
}

/** The record that a message was. A missing key or value reads as an empty one; of a repeated header the first counts. */
export function fromMessage(topic: string, partition: number, message: KafkaMessage): IncomingRecord {
  return {
    topic,
    partition,
    offset: BigInt(message.offset),
    appendedAt: Number(message.timestamp),
    key: message.key?.toString('utf8') ?? '',
    headers: headersOf(message.headers),
    value: message.value ?? new Uint8Array(),
  };
}

function headersOf(headers: KafkaMessage['headers']): Record<string, string> {
  const read: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers ?? {})) {
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined) read[name] = first.toString();
  }
  return read;
}

function bufferOf(value: Uint8Array): Buffer {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}
