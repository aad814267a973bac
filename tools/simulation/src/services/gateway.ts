import { AcceptTasks, ProjectLifecycle, RequestCancel, createCatalogue } from '@millrace/intake';
import type { TaskReader } from '@millrace/intake/ports';
import type { Machine } from '../world/machine.js';
import type { World } from '../world/world.js';
import { createServiceHost, startConsumers } from './host.js';

export interface Gateway {
  readonly accept: AcceptTasks;
  readonly cancel: RequestCancel;
  readonly reader: TaskReader;
}

const RULES = {
  catalogue: createCatalogue({ model: 'demo-video@1', typicalS: 60, noop: true }),
  stepDelayAllowed: false,
};

/** Starts the gateway's use cases as apps/gateway wires them. */
export async function startGateway(world: World, machine: Machine): Promise<Gateway> {
  const host = createServiceHost(world, machine, 'gateway');
  const database = world.databases.gateway;
  const unitOfWork = database.unitOfWork(host.client);
  const project = new ProjectLifecycle(unitOfWork, { changed: () => {} });
  const accept = new AcceptTasks({
    ...host,
    unitOfWork: world.isMutated('idempotency forgotten') ? forgetful(unitOfWork) : unitOfWork,
    addresses: { refusal: async () => undefined },
    backlog: host.dispatcher,
    dispatch: { dispatchLagMs: () => 0 },
    limits: { publishAgeMs: 30_000, dispatchLagMs: 60_000 },
    rules: RULES,
    machines: () => ({ machines: [], unfit: new Map() }),
    estimate: ({ typicalS }) => typicalS,
    costCentre: 'default',
    maxRetries: 3,
  });
  await startConsumers(host.runtime, [
    {
      group: 'gateway.task-view',
      topics: ['task.lifecycle', 'billing.charged'],
      from: 'committed',
      handle: (batch) => project.execute(batch),
    },
  ]);
  const reader = database.direct(machine, world.intake.reader);
  return { accept, cancel: new RequestCancel(unitOfWork, host.clock), reader };
}

type IntakeUnitOfWork = ConstructorParameters<typeof ProjectLifecycle>[0];

/** A mutation: nobody remembers a key. */
function forgetful(unitOfWork: IntakeUnitOfWork): IntakeUnitOfWork {
  return {
    run: (work) =>
      unitOfWork.run((scope) =>
        work({ ...scope, idempotency: { claim: async () => [], deleteBefore: async () => 0 } }),
      ),
  };
}
