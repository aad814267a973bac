import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemRng } from '@millrace/kernel';
import { freePorts } from '../process/free-port.js';
import { runProgram } from '../process/run-program.js';
import { startServerProcess, type ServerProcess } from '../process/server-process.js';
import { kafkaFile, kafkaJars } from './kafka-jars.js';
import { serverProperties, type KafkaNodeSettings } from './kafka-settings.js';

const START_ATTEMPTS_MAX = 3;
const READY_TIMEOUT_MS = 60_000;
const FORMAT_TIMEOUT_MS = 60_000;
const READY_LINE = /Kafka Server started/;
const QUICK_JVM = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:-UsePerfData'];

export interface KafkaOptions {
  /** @default 1. With 3, topics have 3 replicas and need 2 in sync. */
  readonly brokers?: number;
  /** Kept after the stop. Without one: a temporary folder, removed at the stop. */
  readonly directory?: string;
}

/** One broker of a test cluster, for tests of what happens when it goes away. */
export interface KafkaNode {
  /** `127.0.0.1:port`, the same after a restart. */
  readonly address: string;
  stop(): Promise<void>;
  kill(): Promise<void>;
  pause(): void;
  resume(): void;
  /** Starts it again after `stop` or `kill`, with the data it had. */
  start(): Promise<void>;
}

export interface KafkaCluster {
  /** Addresses of all brokers, as KAFKA_BROKERS has them. */
  readonly brokers: readonly string[];
  readonly nodes: readonly KafkaNode[];
  /** Milliseconds from the first spawn until all brokers were ready. */
  readonly startMs: number;
  stop(): Promise<void>;
}

/** Starts Apache Kafka (KRaft, no container) on free ports. Rejects where Java or Maven is missing. */
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaCluster> {
  const jars = await kafkaJars();
  const directory = options.directory ?? (await mkdtemp(path.join(tmpdir(), 'millrace-kafka-')));
  await mkdir(directory, { recursive: true });
  const cleanUp = options.directory === undefined ? () => rm(directory, { recursive: true, force: true }) : undefined;
  for (let attempt = 1; ; attempt++) {
    try {
      return await startCluster(
        { jars, directory: path.join(directory, `try-${attempt}`) },
        options.brokers ?? 1,
        cleanUp,
      );
    } catch (error) {
      // Another program may have taken a port between the look and the start.
      if (attempt < START_ATTEMPTS_MAX && isPortTaken(error)) continue;
      await cleanUp?.();
      throw error;
    }
  }
}

interface Home {
  readonly jars: string;
  readonly directory: string;
}

async function startCluster(home: Home, count: number, cleanUp?: () => Promise<void>): Promise<KafkaCluster> {
  const settings = await layOut(home, count);
  await formatStorage(home, settings);
  const nodes = settings.map((node) => new JvmBroker(home, node));
  try {
    await Promise.all(nodes.map((node) => node.start()));
  } catch (error) {
    await Promise.all(nodes.map((node) => node.kill()));
    throw error;
  }
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.stop()));
    await cleanUp?.();
  };
  const startMs = Math.max(...nodes.map((node) => node.startMs));
  return { brokers: nodes.map(({ address }) => address), nodes, startMs, stop };
}

async function layOut(home: Home, count: number): Promise<readonly KafkaNodeSettings[]> {
  const ports = await freePorts(2 * count);
  const settings = Array.from({ length: count }, (_, index) => ({
    nodeId: index + 1,
    brokerPort: ports[2 * index] ?? 0,
    controllerPort: ports[2 * index + 1] ?? 0,
    logDirectory: path.join(home.directory, `node-${index + 1}`),
  }));
  await mkdir(home.directory, { recursive: true });
  for (const node of settings) await writeFile(propertiesFile(home, node), serverProperties(node, settings));
  return settings;
}

async function formatStorage(home: Home, settings: readonly KafkaNodeSettings[]): Promise<void> {
  const clusterId = Buffer.from(systemRng.bytes(16)).toString('base64url');
  await Promise.all(
    settings.map((node) => {
      const tool = ['-Xmx128m', ...QUICK_JVM, '-cp', path.join(home.jars, '*'), 'kafka.tools.StorageTool', 'format'];
      // In one word: an id may begin with a dash, and would be taken for an option.
      const args = [...tool, `--cluster-id=${clusterId}`, '-c', propertiesFile(home, node), '--ignore-formatted'];
      return runProgram('java', args, { timeoutMs: FORMAT_TIMEOUT_MS, directory: home.directory });
    }),
  );
}

class JvmBroker implements KafkaNode {
  readonly address: string;
  startMs = 0;
  private running: ServerProcess | undefined;

  constructor(
    private readonly home: Home,
    private readonly settings: KafkaNodeSettings,
  ) {
    this.address = `127.0.0.1:${settings.brokerPort}`;
  }

  async start(): Promise<void> {
    if (this.running !== undefined) return;
    const logging = `-Dlog4j2.configurationFile=${kafkaFile('log4j2.xml')}`;
    const jvm = ['-Xms128m', '-Xmx256m', ...QUICK_JVM, logging, '-cp', path.join(this.home.jars, '*')];
    this.running = await startServerProcess({
      name: `kafka broker ${this.settings.nodeId}`,
      command: 'java',
      args: [...jvm, 'kafka.Kafka', propertiesFile(this.home, this.settings)],
      directory: this.home.directory,
      readyTimeoutMs: READY_TIMEOUT_MS,
      ready: READY_LINE,
    });
    this.startMs = this.running.startMs;
  }

  async stop(): Promise<void> {
    await this.running?.stop();
    this.running = undefined;
  }

  async kill(): Promise<void> {
    await this.running?.kill();
    this.running = undefined;
  }

  pause(): void {
    this.running?.pause();
  }

  resume(): void {
    this.running?.resume();
  }
}

function propertiesFile(home: Home, node: KafkaNodeSettings): string {
  return path.join(home.directory, `node-${node.nodeId}.properties`);
}

function isPortTaken(error: unknown): boolean {
  return error instanceof Error && /Address already in use|BindException/.test(error.message);
}
