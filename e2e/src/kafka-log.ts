import { systemIds } from '@millrace/kernel';
import kafkajs, { type Kafka, type KafkaMessage } from 'kafkajs';

/** A record as any Kafka client sees it. */
export interface LoggedRecord {
  readonly topic: string;
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface WrittenRecord extends LoggedRecord {
  readonly partition: number;
  readonly offset: string;
}

/** Kafka through its plain client: what somebody else may write into the topics, and read from them. */
export interface KafkaLog {
  write(record: LoggedRecord): Promise<WrittenRecord>;
  /** All records of the topics that were followed, from their beginning on. Grows. */
  readonly records: readonly LoggedRecord[];
  close(): Promise<void>;
}

export async function openKafkaLog(brokers: readonly string[], follow: readonly string[]): Promise<KafkaLog> {
  const kafka: Kafka = new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING });
  const producer = kafka.producer();
  const consumer = kafka.consumer({ groupId: `e2e-${systemIds.next()}` });
  const records: LoggedRecord[] = [];
  await Promise.all([producer.connect(), consumer.connect()]);
  await consumer.subscribe({ topics: [...follow], fromBeginning: true });
  await consumer.run({ eachMessage: async ({ topic, message }) => void records.push(toRecord(topic, message)) });
  return {
    records,
    write: async (record) => {
      const { topic, key, value, headers } = record;
      const [sent] = await producer.send({ topic, messages: [{ key, value, headers: { ...headers } }] });
      return { ...record, partition: sent?.partition ?? -1, offset: sent?.baseOffset ?? '' };
    },
    close: async () => void (await Promise.all([producer.disconnect(), consumer.disconnect()])),
  };
}

function toRecord(topic: string, { key, value, headers = {} }: KafkaMessage): LoggedRecord {
  const texts = Object.entries(headers).map(([name, text]) => [name, String(text)] as const);
  return { topic, key: String(key), value: String(value), headers: Object.fromEntries(texts) };
}
