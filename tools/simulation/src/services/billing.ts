import {
  CAPACITY_CONSUMER,
  CLOSURE_CONSUMER,
  ChangeCapacity,
  CloseAttempts,
  DEFAULT_POLICY,
  RecordUsage,
  SettleBooks,
  USAGE_CONSUMER,
} from '@millrace/billing';
import type { BillingScope } from '@millrace/billing/ports';
import type { TopicName } from '@millrace/contracts';
import { ACK, type ConsumerDefinition, type ReceivedEvent, type UnitOfWork } from '@millrace/messaging/ports';
import type { Machine } from '../world/machine.js';
import type { World } from '../world/world.js';
import { createServiceHost, startConsumers } from './host.js';

/** Starts one of the billing services, as apps/billing wires it. */
export async function startBilling(world: World, machine: Machine): Promise<void> {
  const host = createServiceHost(world, machine, 'billing');
  const unitOfWork = mutated(world, world.databases.billing.unitOfWork(host.client));
  const books = new SettleBooks(host.clock, DEFAULT_POLICY);
  await startConsumers(host.runtime, [
    consumer(USAGE_CONSUMER, 'usage.recorded', new RecordUsage(unitOfWork, books)),
    consumer(CLOSURE_CONSUMER, 'attempt.closed', new CloseAttempts(unitOfWork, books)),
    consumer(CAPACITY_CONSUMER, 'capacity.changed', new ChangeCapacity(unitOfWork, books)),
  ]);
}

/** Each topic holds one type of event, checked by the consumer runtime. */
function consumer<Data>(
  group: string,
  topic: TopicName,
  useCase: { apply(events: readonly ReceivedEvent<Data>[]): Promise<void> },
): ConsumerDefinition {
  return {
    group,
    topics: [topic],
    from: 'committed',
    handle: async (events) => {
      await useCase.apply(events as readonly ReceivedEvent<Data>[]);
      return events.map(() => ACK);
    },
  };
}

type BillingUnitOfWork = UnitOfWork<BillingScope>;

function mutated(world: World, unitOfWork: BillingUnitOfWork): BillingUnitOfWork {
  if (world.isMutated('double settle')) {
    return { run: (work) => unitOfWork.run((scope) => work({ ...scope, charges: forgetfulCharges(scope.charges) })) };
  }
  if (world.isMutated('segments counted twice')) {
    return { run: (work) => unitOfWork.run((scope) => work({ ...scope, ledger: doublingLedger(scope.ledger) })) };
  }
  return unitOfWork;
}

function forgetfulCharges(charges: BillingScope['charges']): BillingScope['charges'] {
  return {
    charged: async () => new Set(),
    insert: async (added, chargedAtMs) => {
      await charges.insert(added, chargedAtMs);
      return added.map(({ taskId }) => taskId);
    },
  };
}

/** Posts what takes time from the provider a second time, under another id. */
function doublingLedger(ledger: BillingScope['ledger']): BillingScope['ledger'] {
  return {
    closings: (instanceIds) => ledger.closings(instanceIds),
    saveClosings: (closings) => ledger.saveClosings(closings),
    append: async (entries, postedAtMs) => {
      const again = entries.map((entry) => ({ ...entry, entryId: `${entry.entryId}-again` }));
      await ledger.append([...entries, ...again.filter(({ kind }) => kind === 'rate')], postedAtMs);
    },
  };
}
