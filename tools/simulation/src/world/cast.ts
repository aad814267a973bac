import type { Scheduler } from '@millrace/scheduling';
import { startBilling } from '../services/billing.js';
import { startGateway, type Gateway } from '../services/gateway.js';
import { startNotifier } from '../services/notifier.js';
import { startScheduler } from '../services/scheduler.js';
import { Service } from '../services/service.js';
import { WorkerPlace, startWorker, type RunningWorker } from '../services/worker.js';
import type { Receivers } from './receivers.js';
import type { World } from './world.js';

const HOUR_MS = 3_600_000;
const WORKERS = 3;
const SERVICE_RESTART_MS = [500, 8_000] as const;
const WORKER_RESTART_MS = [1_000, 45_000] as const;

export interface WorkerService {
  readonly service: Service<RunningWorker>;
  readonly place: WorkerPlace;
}

/** Everything that runs: one gateway, two schedulers, two billing services, one notifier, three workers. */
export interface Cast {
  readonly gateway: Service<Gateway>;
  readonly schedulers: readonly Service<Scheduler>[];
  readonly billing: readonly Service<void>[];
  readonly notifier: Service<void>;
  readonly workers: readonly WorkerService[];
}

export function startCast(world: World, receivers: Receivers): Cast {
  const service = <Parts>(name: string, start: ConstructorParameters<typeof Service<Parts>>[1]['start']) =>
    new Service<Parts>(world, { name, start, restartMs: SERVICE_RESTART_MS, skewMs: skewOf(world) });
  return {
    gateway: service('gateway', (machine) => startGateway(world, machine)),
    schedulers: ['scheduler-1', 'scheduler-2'].map((name) =>
      service(name, (machine) => startScheduler(world, machine)),
    ),
    billing: ['billing-1', 'billing-2'].map((name) => service(name, (machine) => startBilling(world, machine))),
    notifier: service('notifier', (machine) => startNotifier(world, machine, receivers)),
    workers: Array.from({ length: WORKERS }, (_, index) => {
      const place = new WorkerPlace(`worker-${index + 1}`);
      const start = { name: place.workerId, restartMs: WORKER_RESTART_MS, skewMs: skewOf(world) };
      return {
        place,
        service: new Service<RunningWorker>(world, {
          ...start,
          start: (machine) => startWorker(world, machine, place),
        }),
      };
    }),
  };
}

export function servicesOf(cast: Cast): readonly Service<unknown>[] {
  return [cast.gateway, ...cast.schedulers, ...cast.billing, cast.notifier] as readonly Service<unknown>[];
}

/** One wall clock in five is an hour off: nothing but what is shown may depend on it. */
function skewOf({ rng, faults }: World): number {
  if (rng.next() >= 0.2) return 0;
  faults.note('clock of a service off by an hour');
  return rng.next() < 0.5 ? HOUR_MS : -HOUR_MS;
}
