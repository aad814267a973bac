import { booksOf } from '@millrace/billing/testing';
import type { History, RecordedEvent } from '@millrace/checker';
import { decodeEvent } from '@millrace/messaging';
import type { Clients } from '../world/clients.js';
import { TENANTS } from '../world/clients.js';
import type { Receivers } from '../world/receivers.js';
import { SERVICES, type World } from '../world/world.js';

const GROUPS: Readonly<Record<(typeof SERVICES)[number], readonly string[]>> = {
  gateway: ['gateway.task-view'],
  scheduler: ['scheduler.tasks', 'scheduler.reports', 'scheduler.workers'],
  billing: ['billing.usage', 'billing.closures', 'billing.capacity'],
  notifier: ['notifier.lifecycle'],
};

/** What the run left: topics, tables, deliveries, and what the clients wrote down. */
export async function gatherHistory(world: World, clients: Clients, receivers: Receivers): Promise<History> {
  const { billing, scheduling, intake, databases } = world;
  const secrets = new Map<string, string>();
  for (const tenantId of TENANTS) {
    const { current } = await world.secrets.readOrCreate(tenantId, { current: 'whsec_bm9uZQ==', createdAt: 0 });
    secrets.set(tenantId, current);
  }
  const records = world.bus.log.all();
  return {
    submissions: clients.submissions(),
    cancellations: clients.cancellations,
    observations: clients.observations,
    records: records
      .filter(({ topic }) => !topic.endsWith('.dlq'))
      .map((record): RecordedEvent => ({ ...decodeEvent(record), appendedAtMs: record.appendedAt })),
    schedulerTasks: [...scheduling.tables.tasks.values()].map(({ id, tenantId, state, sequence }) => ({
      ...{ taskId: id, tenantId, state, sequence },
    })),
    gatewayTasks: [...intake.tasks.values()].map(({ request, state, sequence }) => ({
      ...{ taskId: request.id, tenantId: request.tenantId, state, sequence },
    })),
    books: booksOf(billing.state),
    storedSegmentIds: new Set(billing.state.segments.keys()),
    charges: [...billing.state.charges.values()].map(({ charge: { taskId, tenantId, cost } }) => ({
      ...{ taskId, tenantId, cost },
    })),
    receipts: receivers.receipts((tenantId) => secrets.get(tenantId) ?? ''),
    deadEndpoints: new Set(),
    leftovers: {
      leases: [...scheduling.tables.leases.keys()],
      outbox: Object.fromEntries(SERVICES.map((name) => [name, databases[name].unpublishedRows()])),
      deadLetters: records.filter(({ topic }) => topic.endsWith('.dlq')).length,
      parked: SERVICES.flatMap((name) => GROUPS[name].flatMap((group) => world.parked[name].entries(group))).length,
    },
    applications: SERVICES.flatMap((name) => databases[name].applications),
  };
}
