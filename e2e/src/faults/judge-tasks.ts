import { eventually, type WebhookReceiver } from '@millrace/test-kit';
import { Webhook } from 'standardwebhooks';
import type { ApiClient, TaskAnswer } from '../api-client.js';

const TERMINAL = ['completed', 'failed', 'cancelled', 'expired'];
const PAGE_SIZE = 200;
const POLL_MS = 500;

export interface ListedTask extends TaskAnswer {
  readonly task_id: string;
  readonly reason: string | null;
}

/** What became of the accepted tasks, as their clients see it. */
export interface Verdict {
  /** Accepted tasks by state. */
  readonly states: Readonly<Record<string, number>>;
  /** Those that ended in another state than `completed`, with the reason. */
  readonly notCompleted: readonly string[];
  /** Tasks that needed more than one attempt. */
  readonly repeated: number;
  readonly webhooks: number;
  /** Webhooks that came more than once (at least once is what is promised). */
  readonly duplicateWebhooks: number;
}

export interface JudgeOptions {
  readonly timeoutMs: number;
  /** Where every task's callback goes. Undefined: no webhooks are looked at. */
  readonly receiver?: WebhookReceiver;
}

/**
 * Waits until every accepted task has ended and is charged, and throws on: a task that is lost, that nobody asked for
 * (two tasks for one key), that has no final charge, whose attempts were charged twice, whose webhook is missing, of
 * two kinds, under two ids, or badly signed.
 */
export async function judgeTasks(api: ApiClient, ids: readonly string[], options: JudgeOptions): Promise<Verdict> {
  if (new Set(ids).size !== ids.length) throw new Error('two keys got one task');
  const wanted = new Set(ids);
  const tasks = await eventually(() => allEnded(api, wanted), { timeoutMs: options.timeoutMs, intervalMs: POLL_MS });
  const strangers = tasks.filter(({ task_id: id }) => !wanted.has(id));
  if (strangers.length > 0) throw new Error(`tasks that nobody was told of: ${strangers[0]?.task_id}`);
  const offences = tasks.flatMap(offencesOf);
  if (offences.length > 0) throw new Error(offences.slice(0, 5).join('\n'));
  const hooks =
    options.receiver === undefined
      ? { total: 0, duplicates: 0 }
      : await judgeWebhooks(api, tasks, options.receiver, options.timeoutMs);
  return {
    states: countBy(tasks.map(({ status }) => status)),
    notCompleted: tasks.flatMap((task) =>
      task.status === 'completed' ? [] : [`${task.task_id} ${task.status} ${task.reason}`],
    ),
    repeated: tasks.filter(({ attempts }) => attempts.length > 1).length,
    webhooks: hooks.total,
    duplicateWebhooks: hooks.duplicates,
  };
}

/** All tasks of the tenant, over all pages. */
export async function listTasks(api: ApiClient): Promise<readonly ListedTask[]> {
  const tasks: ListedTask[] = [];
  for (let path: string | undefined = `/api/v1/tasks?limit=${PAGE_SIZE}`; path !== undefined;) {
    const { status, body, headers } = await api.call('GET', path);
    if (status !== 200) throw new Error(`GET ${path} answered ${status}`);
    tasks.push(...(body['data'] as ListedTask[]));
    path = /<([^>]+)>; *rel="?next"?/.exec(headers.get('link') ?? '')?.[1];
  }
  return tasks;
}

async function allEnded(api: ApiClient, wanted: ReadonlySet<string>): Promise<readonly ListedTask[]> {
  const tasks = await listTasks(api);
  const found = new Set(tasks.map(({ task_id: id }) => id));
  const lost = [...wanted].filter((id) => !found.has(id));
  if (lost.length > 0) throw new Error(`${lost.length} accepted tasks are not there: ${lost[0]}`);
  const open = tasks.filter(({ status }) => !TERMINAL.includes(status));
  if (open.length > 0)
    throw new Error(`${open.length} of ${tasks.length} have not ended: ${open[0]?.task_id} is ${open[0]?.status}`);
  const uncharged = tasks.filter((task) => task.attempts.length > 0 && task.usage?.final !== true);
  if (uncharged.length > 0)
    throw new Error(`${uncharged.length} of ${tasks.length} are not charged: ${uncharged[0]?.task_id}`);
  return tasks;
}

/** Charged once: at most one attempt is billable, and a completed task has exactly one that succeeded. */
function offencesOf(task: ListedTask): readonly string[] {
  const succeeded = task.attempts.filter(({ outcome }) => outcome === 'succeeded');
  const open = task.attempts.filter(({ outcome }) => outcome === null);
  const wantedSuccesses = task.status === 'completed' ? 1 : 0;
  return [
    ...(succeeded.length === wantedSuccesses
      ? []
      : [`${task.task_id} is ${task.status} with ${succeeded.length} successes`]),
    ...(open.length === 0 ? [] : [`${task.task_id} is ${task.status} with an attempt that runs`]),
    ...(task.attempts.some(({ outcome, billable }) => outcome === 'lost' && billable)
      ? [`${task.task_id} bills a lost attempt`]
      : []),
  ];
}

async function judgeWebhooks(
  api: ApiClient,
  tasks: readonly ListedTask[],
  receiver: WebhookReceiver,
  timeoutMs: number,
): Promise<{ total: number; duplicates: number }> {
  const { secret } = (await api.call('GET', '/api/v1/webhooks/secret')).body as { secret: string };
  await eventually(() => missingWebhooks(receiver, tasks), { timeoutMs, intervalMs: POLL_MS });
  const verifier = new Webhook(secret);
  const stateOf = new Map(tasks.map(({ task_id: id, status }) => [id, status]));
  const idsOf = new Map<string, Set<string>>();
  for (const { body, headers } of receiver.received) {
    if (!signatureHolds(verifier, body, headers)) throw new Error(`a bad signature: ${body.slice(0, 200)}`);
    const { type, data } = JSON.parse(body) as { type: string; data: { task_id: string } };
    if (type !== `task.${stateOf.get(data.task_id)}`)
      throw new Error(`${data.task_id}: a webhook ${type} of a task that is ${stateOf.get(data.task_id)}`);
    idsOf.set(data.task_id, (idsOf.get(data.task_id) ?? new Set()).add(headers['webhook-id'] ?? ''));
  }
  const twice = [...idsOf].find(([, ids]) => ids.size > 1);
  if (twice !== undefined) throw new Error(`${twice[0]} was announced under ${twice[1].size} ids`);
  return { total: receiver.received.length, duplicates: receiver.received.length - idsOf.size };
}

/** As the stock library checks it, but for the age of the signature: a long run reads old ones. */
export function signatureHolds(verifier: Webhook, body: string, headers: Readonly<Record<string, string>>): boolean {
  const signedAt = new Date(Number(headers['webhook-timestamp']) * 1000);
  const expected = verifier.sign(headers['webhook-id'] ?? '', signedAt, body);
  return (headers['webhook-signature'] ?? '').split(' ').includes(expected);
}

function missingWebhooks(receiver: WebhookReceiver, tasks: readonly ListedTask[]): void {
  const announced = new Set(
    receiver.received.map(({ body }) => (JSON.parse(body) as { data: { task_id: string } }).data.task_id),
  );
  const missing = tasks.filter(({ task_id: id }) => !announced.has(id));
  if (missing.length > 0) throw new Error(`${missing.length} webhooks did not come, one for ${missing[0]?.task_id}`);
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
