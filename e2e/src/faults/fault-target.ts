import type { BusAddress } from '@millrace/checker';
import { eventually, startKafka } from '@millrace/test-kit';
import { startDistributedSystem, SERVICES, type DistributedOptions, type ServiceName } from '../distributed-system.js';
import { startStandaloneSystem, type StandaloneOptions, type StandaloneSystem } from '../standalone-system.js';
import type { SystemUnderTest } from '../system-under-test.js';

export const MODES = ['standalone', 'distributed'] as const;
export type Mode = (typeof MODES)[number];

const WORKER_TIMEOUT_MS = 30_000;

/** A running Millrace whose processes can be made to fail by name. */
export interface FaultTarget extends SystemUnderTest {
  /** What can be killed here. */
  readonly victims: readonly string[];
  /** SIGKILL. The worker of the standalone app comes back by itself. */
  kill(victim: string): Promise<void>;
  /** SIGTERM, as a rolling restart does; resolves when it is gone. */
  end(victim: string): Promise<void>;
  /** Starts what was killed or ended; resolves when it is ready. */
  start(victim: string): Promise<void>;
  /** SIGSTOP and SIGCONT. */
  pause(victim: string): void;
  resume(victim: string): void;
  /** Where the checker reads what is left: the database as its superuser, and the topics. */
  storage(): { readonly databaseUrl: string; readonly bus: BusAddress };
  /** Process ids of what runs now, by name; database and broker are left out. */
  pids(): Readonly<Record<string, number>>;
  /** Victim whose process is the worker of this id. */
  victimOf(workerId: string): string;
  /** Sum of a metric of a service over the series whose labels contain `label`; 0 where there is none. */
  metric(service: ServiceName, name: string, label?: string): Promise<number>;
}

export interface TargetOptions {
  readonly standalone?: StandaloneOptions;
  readonly distributed?: DistributedOptions;
}

export function startTarget(mode: Mode, options: TargetOptions = {}): Promise<FaultTarget> {
  return mode === 'standalone'
    ? startStandaloneTarget(options.standalone)
    : startDistributedTarget(options.distributed);
}

/** On a broker of its own where the caller brings none: the checker reads all records, and earlier tests left theirs. */
async function startDistributedTarget(options: DistributedOptions = {}): Promise<FaultTarget> {
  const kafka = options.brokers === undefined ? await startKafka() : undefined;
  const system = await startDistributedSystem({ ...options, brokers: options.brokers ?? kafka?.brokers ?? [] });
  const serviceOf = (victim: string) => system.services.get(victim as ServiceName)!;
  return {
    ...system,
    victims: SERVICES,
    stop: async () => {
      await system.stop();
      await kafka?.stop();
    },
    kill: (victim) => serviceOf(victim).kill(),
    end: (victim) => serviceOf(victim).stop(),
    start: (victim) => system.start(victim as ServiceName),
    pause: (victim) => serviceOf(victim).pause(),
    resume: (victim) => serviceOf(victim).resume(),
    storage: () => ({ databaseUrl: system.databaseUrl, bus: { brokers: system.brokers } }),
    pids: () => Object.fromEntries([...system.services].map(([name, { pid }]) => [name, pid])),
    victimOf: (workerId) => `gpu-${workerId}`.replace('worker-1', 'worker'),
    metric: (service, name, label) => readMetric(system.internalUrlOf(service), name, label),
  };
}

/**
 * The app is one process with four services; worker and database are beside it, and it starts both again. `everything`
 * is all three at once.
 */
async function startStandaloneTarget(options?: StandaloneOptions): Promise<FaultTarget> {
  let system = await startStandaloneSystem(options);
  const signal = (pids: readonly number[], name: NodeJS.Signals): void => {
    for (const pid of pids) signalIfThere(pid, name);
  };
  const pidsOf = (victim: string): readonly number[] => {
    if (victim === 'gpu-worker') return system.workers();
    if (victim === 'database') return [system.databasePid()];
    return victim === 'everything' ? system.processes() : [system.app.pid];
  };
  const startAgain = async (victim: string): Promise<void> => {
    if (isAppOrAll(victim)) system = await system.restart();
    await eventually(() => someOf(system), { timeoutMs: WORKER_TIMEOUT_MS, intervalMs: 100 });
  };
  return {
    ...system,
    victims: ['app', 'gpu-worker', 'database', 'everything'],
    kill: async (victim) => {
      const { app } = system;
      // Killed a moment ago, the database has no process yet: it is awaited.
      signal(await eventually(() => pidsOf(victim)), 'SIGKILL');
      if (isAppOrAll(victim)) await app.kill();
    },
    end: async (victim) => {
      const pids = pidsOf(victim);
      if (victim !== 'gpu-worker') return system.app.stop();
      signal(pids, 'SIGTERM');
      await eventually(() => noneOf(system, pids), { timeoutMs: WORKER_TIMEOUT_MS, intervalMs: 100 });
    },
    start: startAgain,
    pause: (victim) => signal(pidsOf(victim), 'SIGSTOP'),
    resume: (victim) => signal(pidsOf(victim), 'SIGCONT'),
    storage: () => {
      const databaseUrl = options?.variables?.['DATABASE_URL'] ?? system.databaseUrl();
      return { databaseUrl, bus: { databaseUrl } };
    },
    pids: () => ({ app: system.app.pid, 'gpu-worker': system.workers()[0] ?? 0 }),
    victimOf: () => 'gpu-worker',
    metric: (_service, name, label) => readMetric(system.internalUrl, name, label),
    stop: () => system.stop(),
  };
}

function isAppOrAll(victim: string): boolean {
  return victim === 'app' || victim === 'everything';
}

function someOf(system: StandaloneSystem): void {
  if (system.workers().length === 0) throw new Error('the worker is not back yet');
}

/** The database's sessions and the worker come and go: one that has just ended needs no signal. */
function signalIfThere(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function readMetric(internalUrl: string, name: string, label = ''): Promise<number> {
  const text = await (await fetch(`${internalUrl}/metrics`)).text();
  return text
    .split('\n')
    .filter((line) => (line.startsWith(`${name}{`) || line.startsWith(`${name} `)) && line.includes(label))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

function noneOf(system: StandaloneSystem, pids: readonly number[]): void {
  if (system.workers().some((pid) => pids.includes(pid))) throw new Error('the worker is still there');
}
