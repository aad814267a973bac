import type { EventData, workerRegistered } from '@millrace/contracts';
import type { NanoDollars } from '@millrace/kernel';
import type { ReceivedEvent } from '@millrace/messaging/ports';
import { INBOX } from './consumer-names.js';
import { outagesOf } from './gpu-outages.js';
import { loseLeases } from './lose-leases.js';
import type { SchedulingScope } from './ports/scheduling-scope.port.js';
import { hasEnded, type Worker } from './ports/worker-store.port.js';
import { runAsLeader, type SchedulingContext } from './scheduling-context.js';
import { unmetDemands } from './unmet-demands.js';
import { capacityClosed, capacityOpened } from './worker-messages.js';
import { registeredTraits } from './worker-news.js';

type Registration = EventData<typeof workerRegistered>;
export type WorkerRegisteredEvent = ReceivedEvent<Registration>;

/** Price per GPU-hour of a pool's capacity, in force from a worker's registration on. */
export type PriceOf = (pool: string, capacity: Registration['capacity']) => NanoDollars;

/**
 * Takes worker incarnations in. A new incarnation of a worker ends the earlier one at once: its leases are lost, which
 * counts (the process died with them), and its instance is closed where it was last heard of.
 */
export class RegisterWorkers {
  /** Task types whose demands were told to be unmet. */
  private readonly told = new Set<string>();

  constructor(
    private readonly context: SchedulingContext,
    private readonly priceOf: PriceOf,
  ) {}

  /** Returns how many incarnations are new. */
  async execute(events: readonly WorkerRegisteredEvent[]): Promise<number> {
    const { watch, record, clock, observer } = this.context;
    const { added, replaced, lostTasks, closures, unmet } = await runAsLeader(this.context, async (scope) => {
      // 1. What is new, and who is in its place.
      const fresh = (await scope.inbox.claim(INBOX.registrations, events)) as readonly WorkerRegisteredEvent[];
      const known = new Set((await scope.workers.load(fresh.map(({ data }) => data.incarnation))).map(byIncarnation));
      const arriving = markSuperseded(
        fresh.map(({ data }) => this.toWorker(data)).filter((worker) => !known.has(worker.incarnation)),
      );
      const earlier = await scope.workers.current([...new Set(arriving.map(({ workerId }) => workerId))]);
      const gone = earlier.map((worker): Worker => ({ ...worker, state: 'lost' }));
      // 2. The earlier incarnations' leases end.
      const leases = await scope.leases.heldBy(gone.map(byIncarnation));
      const ending = leases.map((lease) => ({ lease, counted: watch.isCounted(lease.taskId) }));
      const changes = await loseLeases(this.context, scope, ending, gone);
      // 3. Capacity: what closed, then what opened.
      for (const worker of gone) changes.tell(capacityClosed(worker));
      for (const worker of arriving) {
        changes.tell(capacityOpened(worker));
        if (hasEnded(worker)) changes.tell(capacityClosed(worker));
      }
      if (gone.length > 0) await scope.workers.save(gone);
      if (arriving.length > 0) await scope.workers.add(arriving);
      await changes.write(scope);
      const lost = { lostTasks: changes.leases().ended, closures: changes.closed() };
      return { added: arriving, replaced: gone, ...lost, unmet: await this.unmet(scope) };
    });
    watch.ended(lostTasks);
    record.closed(closures, clock.now());
    watch.forget(replaced.map(byIncarnation));
    for (const worker of added) if (!hasEnded(worker)) watch.heard(worker.incarnation, clock.monotonicMs());
    if (replaced.length > 0) observer.expired(lostTasks.length, replaced.length);
    const outages = added.flatMap((worker) => outagesOf(worker, []));
    if (outages.length > 0) observer.gpusChanged(outages, 0);
    const news = unmet.filter((taskType) => !this.told.has(taskType));
    for (const taskType of news) this.told.add(taskType);
    if (news.length > 0) observer.demandsUnmet(news);
    return added.length;
  }

  private async unmet({ workers }: SchedulingScope): Promise<readonly string[]> {
    const { demands } = this.context.policy;
    return demands.size === 0 ? [] : unmetDemands(demands, await workers.alive());
  }

  private toWorker(data: Registration): Worker {
    const now = this.context.clock.now();
    const { workerId, incarnation, instanceId, pool, capacity, gpuType, gpus, vramMiB, slots, taskTypes } = data;
    const { engine, version, at } = data;
    return {
      ...{ workerId, incarnation, instanceId, pool, capacity, gpuType, gpus, vramMiB, slots, taskTypes },
      ...{ engine, version },
      traits: registeredTraits(data, now),
      pricePerGpuHour: this.priceOf(data.pool, data.capacity),
      state: 'ready',
      registeredAt: now,
      heartbeatAt: now,
      heartbeatMs: at,
    };
  }
}

function byIncarnation(worker: Worker): string {
  return worker.incarnation;
}

/** Of several incarnations of one worker in a batch only the last is current; the others came and went. */
function markSuperseded(workers: readonly Worker[]): readonly Worker[] {
  const last = new Map(workers.map((worker) => [worker.workerId, worker.incarnation]));
  return workers.map((worker) =>
    last.get(worker.workerId) === worker.incarnation ? worker : { ...worker, state: 'lost' },
  );
}
