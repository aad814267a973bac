import { Webhook } from 'standardwebhooks';
import { sleep } from '@millrace/kernel';
import { ACK } from '@millrace/messaging/ports';
import {
  DeliveryLoop,
  PlanDeliveries,
  ReadSecrets,
  SendDeliveries,
  type Delivery,
  type TryOutcome,
} from '@millrace/notifications';
import type { WebhookRequest, WebhookSender } from '@millrace/notifications/ports';
import { beyondBorder, type Machine } from '../world/machine.js';
import type { Receivers } from '../world/receivers.js';
import type { World } from '../world/world.js';
import { createServiceHost, startConsumers } from './host.js';

const GROUP = 'notifier.lifecycle';
const TIMEOUT_MS = 15_000;

/** Starts the notifier, as apps/notifier wires it. */
export async function startNotifier(world: World, machine: Machine, receivers: Receivers): Promise<void> {
  const host = createServiceHost(world, machine, 'notifier');
  const database = world.databases.notifier;
  const unitOfWork = database.unitOfWork(host.client);
  const store = beyondBorder(world.secrets, (effect) => machine.call(effect));
  const secrets = new ReadSecrets(store, host.clock, host.rng);
  const shared = { run: secrets.run.bind(secrets), signing: () => secrets.signing('nobody') };
  const sending = new SendDeliveries({
    ...host,
    unitOfWork,
    sender: createSender(world, machine, receivers),
    secrets: world.isMutated('secret of another tenant') ? (shared as unknown as ReadSecrets) : secrets,
    urls: world.objects,
  });
  const deliveries = database.direct(machine, world.deliveries);
  const loop = new DeliveryLoop(
    world.isMutated('delivery recorded before it is sent') ? recordingFirst(sending, unitOfWork, host) : sending,
    deliveries,
    host.clock,
    host.logger,
  );
  const plan = new PlanDeliveries(unitOfWork, host.clock, host.ids, () => loop.wake());
  await startConsumers(host.runtime, [
    {
      group: GROUP,
      topics: ['task.lifecycle'],
      from: 'committed',
      handle: async (events) => {
        await plan.run(GROUP, events);
        return events.map(() => ACK);
      },
    },
  ]);
  loop.start();
}

/** Signs with the library that receivers use, and meets whatever faults lie on the way. */
function createSender(world: World, machine: Machine, receivers: Receivers): WebhookSender {
  const { faults } = world;
  const failed = (error: NonNullable<TryOutcome['error']>, statusCode: number | null = null): TryOutcome => ({
    statusCode,
    latencyMs: 10,
    error,
  });
  return {
    send: async (request) => {
      await machine.step();
      if (receivers.areAway() || faults.happens('webhook not sent')) return failed('connection');
      const refuses = faults.happens('webhook answered 500');
      receivers.take({ ...request, signatures: signaturesOf(request) }, !refuses);
      await machine.step();
      if (refuses) return failed('status_5xx', 500);
      if (faults.happens('webhook taken, answer lost')) {
        await sleep(machine.clock, TIMEOUT_MS);
        return failed('timeout');
      }
      return { statusCode: 204, latencyMs: 10, error: null };
    },
  };
}

function signaturesOf({ secrets, eventId, sentAt, body }: WebhookRequest): readonly string[] {
  return secrets.map((secret) => new Webhook(secret).sign(eventId, new Date(sentAt), body));
}

/** A mutation: the delivery counts as made, and only then is it tried. */
function recordingFirst(
  sending: SendDeliveries,
  unitOfWork: ConstructorParameters<typeof PlanDeliveries>[0],
  { clock }: { readonly clock: { now(): number } },
): Pick<SendDeliveries, 'take' | 'deliver'> {
  return {
    take: (limit) => sending.take(limit),
    deliver: async (delivery: Delivery) => {
      const outcome: TryOutcome = { statusCode: 204, latencyMs: 0, error: null };
      const logged = { deliveryId: delivery.id, number: delivery.tries + 1, at: clock.now(), outcome };
      const done: Delivery = { ...delivery, state: 'delivered', tries: delivery.tries + 1, nextTryAt: null };
      await unitOfWork.run(({ deliveries }) => deliveries.recordTries([{ delivery: done, logged }]));
      await sending.deliver(delivery);
    },
  };
}
