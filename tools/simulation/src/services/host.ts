import type { Clock, IdGenerator, Logger, Rng } from '@millrace/kernel';
import { EventStamper, OutboxDispatcher, createConsumerRuntime, createPropagatingTracer } from '@millrace/messaging';
import {
  ACK,
  type ConsumerDefinition,
  type ConsumerRuntime,
  type EventBus,
  type RunningConsumer,
  type Tracer,
} from '@millrace/messaging/ports';
import { beyondBorder, type Machine } from '../world/machine.js';
import type { DatabaseClient } from '../world/simulated-database.js';
import type { ServiceName, World } from '../world/world.js';

/** What a host gives to every service that runs on it, over the ports of one machine. */
export interface Host {
  readonly machine: Machine;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly ids: IdGenerator;
  readonly tracer: Tracer;
  readonly logger: Logger;
  readonly bus: EventBus;
  readonly stamper: EventStamper;
}

export function createHost(world: World, machine: Machine): Host {
  const { rng, ids } = world;
  const { clock } = machine;
  const tracer = createPropagatingTracer(rng);
  const stamper = new EventStamper({ clock, ids, tracer });
  return { machine, clock, rng, ids, tracer, logger: world.logger, bus: world.bus.of(machine), stamper };
}

/** The host of a service with a database: its outbox, and its consumers. */
export interface ServiceHost extends Host {
  readonly runtime: ConsumerRuntime;
  readonly dispatcher: OutboxDispatcher;
  readonly client: DatabaseClient;
}

export function createServiceHost(world: World, machine: Machine, service: ServiceName): ServiceHost {
  const host = createHost(world, machine);
  const { bus, clock, logger, rng, tracer, stamper } = host;
  const store = world.databases[service].outbox(machine);
  const dispatcher = new OutboxDispatcher({ bus, clock, logger, store });
  if (!world.isMutated('no outbox relay')) dispatcher.start();
  const parked = beyondBorder(world.parked[service], (effect) => machine.call(effect));
  const runtime = createConsumerRuntime({ bus, clock, logger, rng, tracer, parked });
  return {
    ...host,
    dispatcher,
    client: {
      machine,
      stamper,
      dispatcher: () => dispatcher,
      publishAtOnce: world.isMutated('publish outside the transaction') ? (records) => bus.publish(records) : undefined,
    },
    runtime: world.isMutated('commit before effect') ? hasty(runtime) : runtime,
  };
}

/** Starts consumers, and resolves when all are positioned. */
export async function startConsumers(
  runtime: ConsumerRuntime,
  definitions: readonly ConsumerDefinition[],
): Promise<readonly RunningConsumer[]> {
  const running = await Promise.all(definitions.map((definition) => runtime.start(definition)));
  await Promise.all(running.map(({ ready }) => ready));
  return running;
}

/** A mutation: the position moves on at once, the effect follows, or not. */
function hasty(runtime: ConsumerRuntime): ConsumerRuntime {
  return {
    start: (definition) =>
      runtime.start({
        ...definition,
        handle: async (batch, context) => {
          definition.handle(batch, context).catch(() => {});
          return batch.map(() => ACK);
        },
      }),
  };
}
