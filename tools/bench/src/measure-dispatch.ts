import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { migrate, openServiceDatabase, type ServiceDatabase } from '@millrace/adapter-postgres';
import {
  PostgresLeaderStore,
  SCHEDULING_MIGRATIONS,
  SCHEDULING_SCHEMA,
  createSchedulingStores,
} from '@millrace/adapter-postgres/scheduling';
import { startEmbeddedPostgres } from '@millrace/adapter-postgres/server';
import { taskRequested, workerRegistered } from '@millrace/contracts';
import { invariant, silentLogger, systemClock, systemIds, toIso } from '@millrace/kernel';
import { EventStamper, createEventPublisher } from '@millrace/messaging';
import type { EventBus } from '@millrace/messaging/ports';
import { receivedEvent } from '@millrace/messaging/testing';
import { DEFAULT_SCHEDULER_SETTINGS, Scheduler } from '@millrace/scheduling';
import type { CycleReport } from '@millrace/scheduling/ports';
import { silentObserver } from '@millrace/scheduling/testing';
import { postgresCpu } from './postgres-cpu.js';

export interface DispatchLoad {
  /** Waiting when the workers come. */
  readonly tasks: number;
  readonly workers: number;
  /** Tasks of one accepting transaction, and placements of one cycle at most. */
  readonly batch: number;
  readonly progress: (text: string) => void;
  /** CPU time of this process so far, ms. */
  readonly cpuMs: () => number;
}

/** CPU time per task, µs: of this process, the making of the load included, and of Postgres with all its processes. */
export interface CpuPerTask {
  readonly nodeUs: number;
  readonly postgresUs: number;
}

export interface DispatchFigures {
  readonly tasks: number;
  readonly acceptedPerS: number;
  /** Leases with their events committed, from the registration of the workers to the last. */
  readonly leasesPerS: number;
  readonly cycles: number;
  /** Of all cycles, seconds. */
  readonly readS: number;
  readonly decideS: number;
  readonly applyS: number;
  readonly accepting: CpuPerTask;
  readonly leasing: CpuPerTask;
}

const TASK_TYPE = 'noop';
const TENANTS = 20;
const HOUR_MS = 3_600_000;

/**
 * The durable half of scheduling speed (scheduling.md section 2): the production engine and stores over a real Postgres
 * that syncs each commit. Leases, task rows, lifecycle events and assignments are committed, and the events handed to a
 * bus that takes and forgets them: what a broker does with them is its own.
 */
export async function measureDispatch(load: DispatchLoad): Promise<DispatchFigures> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'millrace-dispatch-'));
  const server = await startEmbeddedPostgres({ directory });
  try {
    await migrate({
      url: server.url,
      schema: SCHEDULING_SCHEMA,
      service: SCHEDULING_SCHEMA,
      migrations: SCHEDULING_MIGRATIONS,
    });
    const bus = createLettingGoBus();
    const stamper = new EventStamper({ clock: systemClock, ids: systemIds });
    const database = openServiceDatabase({
      service: SCHEDULING_SCHEMA,
      url: server.url,
      bus,
      stamper,
      clock: systemClock,
      logger: silentLogger,
    });
    try {
      const { rows } = await database.system.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      const postgresCpuMs = await postgresCpu(rows[0]?.pid ?? 0);
      return await dispatchAll(load, createScheduler(database, bus, stamper, load), postgresCpuMs);
    } finally {
      await database.close();
    }
  } finally {
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

/** Takes every record and lets go of it, as a producer does once the broker has it. Nobody can listen. */
function createLettingGoBus(): EventBus {
  return {
    ensureTopics: async () => {},
    publish: async () => {},
    subscribe: () => Promise.reject(new Error('this bus keeps nothing that could be read')),
    ping: async () => {},
    close: async () => {},
  };
}

interface Dispatch {
  readonly scheduler: Scheduler;
  /** Resolves when so many tasks were placed. */
  placed(tasks: number): Promise<void>;
  readonly cycles: readonly CycleReport[];
}

function createScheduler(
  database: ServiceDatabase,
  bus: EventBus,
  stamper: EventStamper,
  { batch, progress }: DispatchLoad,
): Dispatch {
  const cycles: CycleReport[] = [];
  let total = 0;
  let wanted = Infinity;
  let reached = (): void => {};
  const scheduler = new Scheduler({
    unitOfWork: database.unitOfWork(createSchedulingStores),
    leaderStore: new PostgresLeaderStore(database.system),
    publisher: createEventPublisher({ bus, stamper }),
    gate: { open: async () => {}, close: async () => {} },
    lag: { oldestMs: async () => 0 },
    dispatchLag: { oldestMs: async () => 0 },
    observer: {
      ...silentObserver,
      cycled: (report) => {
        if (report.placements.length === 0) return;
        cycles.push(report);
        total += report.placements.length;
        progress(
          `${total} leased; the last cycle: ${[report.readMs, report.decideMs, report.applyMs].map(Math.round).join(', ')} ms to read, decide, apply`,
        );
        if (total >= wanted) reached();
      },
    },
    clock: systemClock,
    logger: silentLogger,
    priceOf: () => 0n,
    holder: 'bench',
    // Nobody sends heartbeats here.
    settings: { ...DEFAULT_SCHEDULER_SETTINGS, maxPlacements: batch, leaseMs: HOUR_MS, suspectMs: HOUR_MS },
  });
  const placed = (tasks: number): Promise<void> =>
    new Promise((resolve) => {
      wanted = tasks;
      reached = resolve;
      if (total >= wanted) resolve();
    });
  return { scheduler, placed, cycles };
}

async function dispatchAll(
  load: DispatchLoad,
  { scheduler, placed, cycles }: Dispatch,
  postgresCpuMs: () => Promise<number>,
): Promise<DispatchFigures> {
  const { tasks, workers, batch, progress } = load;
  await scheduler.start();
  invariant(scheduler.isLeading(), 'nobody else stands for election');
  const measure = (work: () => Promise<void>): Promise<Measured> => measured(work, load, postgresCpuMs);
  const accepting = await measure(async () => {
    for (let from = 0; from < tasks; from += batch) {
      await scheduler.acceptTasks(requests(from, Math.min(batch, tasks - from)));
      progress(`${Math.min(tasks, from + batch)} accepted`);
    }
  });
  const leasing = await measure(async () => {
    await scheduler.registerWorkers(registrations(workers, Math.ceil(tasks / workers)));
    await placed(tasks);
  });
  await scheduler.stop();
  const sum = (pick: (cycle: CycleReport) => number): number =>
    Math.round(cycles.reduce((total, cycle) => total + pick(cycle), 0)) / 1000;
  return {
    tasks,
    acceptedPerS: Math.round(tasks / accepting.seconds),
    leasesPerS: Math.round(tasks / leasing.seconds),
    cycles: cycles.length,
    readS: sum(({ readMs }) => readMs),
    decideS: sum(({ decideMs }) => decideMs),
    applyS: sum(({ applyMs }) => applyMs),
    accepting: accepting.cpu,
    leasing: leasing.cpu,
  };
}

interface Measured {
  readonly seconds: number;
  readonly cpu: CpuPerTask;
}

async function measured(
  work: () => Promise<void>,
  { tasks, cpuMs }: DispatchLoad,
  postgresCpuMs: () => Promise<number>,
): Promise<Measured> {
  const [startedMs, nodeMs, serverMs] = [systemClock.monotonicMs(), cpuMs(), await postgresCpuMs()];
  await work();
  const seconds = (systemClock.monotonicMs() - startedMs) / 1000;
  const perTaskUs = (ms: number): number => Math.round((ms * 10_000) / tasks) / 10;
  return {
    seconds,
    cpu: { nodeUs: perTaskUs(cpuMs() - nodeMs), postgresUs: perTaskUs((await postgresCpuMs()) - serverMs) },
  };
}

function requests(from: number, count: number) {
  // Else the example's date: all would be past their maximum wait, and none in the order of the tenants' shares.
  const requestedAt = toIso(systemClock.now());
  return Array.from({ length: count }, (_, index) =>
    receivedEvent(taskRequested, {
      taskId: systemIds.next(),
      tenantId: `tenant-${(from + index) % TENANTS}`,
      taskType: TASK_TYPE,
      priority: 0,
      requestedAt,
    }),
  );
}

function registrations(count: number, slots: number) {
  return Array.from({ length: count }, (_, index) => {
    const incarnation = systemIds.next();
    const workerId = `worker-${String(index).padStart(5, '0')}`;
    return receivedEvent(workerRegistered, {
      workerId,
      incarnation,
      instanceId: incarnation,
      slots,
      taskTypes: [TASK_TYPE],
    });
  });
}
