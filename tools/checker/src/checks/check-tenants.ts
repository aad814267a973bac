import { taskRequested } from '@millrace/contracts';
import type { History } from '../history.js';
import { acceptedTasks, dataOf, taskHistories } from '../task-history.js';
import { expectThat, type Violation } from '../violation.js';

/** P18: everything of a task is its tenant's: events, rows, charges, ledger lines, webhooks, and who may see it. */
export function checkTenants(history: History): readonly Violation[] {
  const tasks = taskHistories(history);
  const owners = new Map([
    ...dataOf(history.records, taskRequested).map(({ taskId, tenantId }) => [taskId, tenantId] as const),
    ...acceptedTasks(history),
  ]);
  const rows = [...history.schedulerTasks, ...history.gatewayTasks, ...history.charges];
  return [
    ...[...tasks].flatMap(([taskId, { events }]) =>
      events.flatMap((event) => [
        ...checkOwner(owners, taskId, event.tenantId ?? tenantIn(event.data), event.type),
        ...checkOwner(owners, taskId, tenantIn(event.data), event.type),
      ]),
    ),
    ...rows.flatMap(({ taskId, tenantId }) => checkOwner(owners, taskId, tenantId, 'a row')),
    ...checkReaders(history, owners),
    ...checkReceivers(history, owners),
    ...checkBearers(history, owners),
  ];
}

function checkOwner(
  owners: ReadonlyMap<string, string>,
  taskId: string,
  tenantId: string | undefined,
  what: string,
): readonly Violation[] {
  // A refusal of a report for a task that nobody knows names nobody.
  if (tenantId === undefined || tenantId === '') return [];
  const owner = owners.get(taskId);
  return expectThat(owner === tenantId, 'one tenant', taskId, `${what} names ${tenantId}, the task is ${owner}'s`);
}

function checkReaders({ observations }: History, owners: ReadonlyMap<string, string>): readonly Violation[] {
  return observations.flatMap(({ tenantId, taskId, status }) =>
    expectThat(
      status === 'not_found' || owners.get(taskId) === tenantId,
      'one tenant',
      taskId,
      `${tenantId} saw it ${status}`,
    ),
  );
}

function checkReceivers({ receipts }: History, owners: ReadonlyMap<string, string>): readonly Violation[] {
  return receipts.flatMap(({ tenantId, body, url }) => {
    const taskId = (JSON.parse(body) as { readonly data?: { readonly task_id?: string } }).data?.task_id ?? '';
    return expectThat(
      owners.get(taskId) === tenantId,
      'one tenant',
      taskId,
      `its webhook came to ${tenantId} at ${url}`,
    );
  });
}

function checkBearers({ books }: History, owners: ReadonlyMap<string, string>): readonly Violation[] {
  const taskOf = new Map(books.segments.map(({ segmentId, work }) => [segmentId, work?.taskId ?? '']));
  return books.entries.flatMap(({ subject, lines }) =>
    lines
      .filter(({ account }) => account.startsWith('tenant:'))
      .flatMap(({ account }) => {
        const taskId = taskOf.get(subject) ?? '';
        const bearer = account.split(':')[1];
        return expectThat(owners.get(taskId) === bearer, 'one tenant', taskId, `its time is posted to ${account}`);
      }),
  );
}

function tenantIn(data: unknown): string | undefined {
  return (data as { readonly tenantId?: string }).tenantId;
}
