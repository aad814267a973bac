import { sleep, systemClock } from '@millrace/kernel';
import { withTimeout } from '@millrace/test-kit';
import type { MeasuredApp } from './measured-app.js';

const PAGE = 200;
const POLL_MS = 50;
const FINISH_TIMEOUT_MS = 120_000;

/** What the API says of a task, as far as the measurement asks. */
export interface MeasuredTask {
  readonly task_id: string;
  readonly status: string;
  readonly created_at: string;
  readonly attempts: readonly { readonly outcome: string | null; readonly ended_at: string | null }[];
  readonly usage: { readonly final: boolean } | null;
}

/** Posts so many tasks that do nothing, `concurrency` at a time over kept connections. Returns their ids. */
export async function postTasks(app: MeasuredApp, count: number, concurrency: number): Promise<readonly string[]> {
  const ids: string[] = [];
  let next = 0;
  const client = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      const body = JSON.stringify({ prompt: 'nothing', task_type: 'noop' });
      const answer = await request(app, '/api/v1/generate', { method: 'POST', body });
      ids.push(String((answer as { task_id: unknown }).task_id));
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, count) }, client));
  return ids;
}

/**
 * Waits until every task has ended and is charged. Asks after one task at a time, and only after one that was open when
 * last asked, so that the asking costs the app little.
 */
export async function waitUntilCharged(app: MeasuredApp, ids: readonly string[]): Promise<void> {
  const last = ids.at(-1);
  if (last === undefined) return;
  await withTimeout(untilAllFinal(app, ids, last), FINISH_TIMEOUT_MS, `${ids.length} tasks charged`);
}

async function untilAllFinal(app: MeasuredApp, ids: readonly string[], first: string): Promise<void> {
  let asked: string | undefined = first;
  while (asked !== undefined) {
    const task = (await request(app, `/api/v1/tasks/${asked}`)) as MeasuredTask;
    if (task.usage?.final !== true) await sleep(systemClock, POLL_MS);
    else asked = (await newestTasks(app, ids)).find(({ usage }) => usage?.final !== true)?.task_id;
  }
}

/** The answers of these tasks, which must be the newest of their tenant. */
export async function newestTasks(app: MeasuredApp, ids: readonly string[]): Promise<readonly MeasuredTask[]> {
  const wanted = new Set(ids);
  const found: MeasuredTask[] = [];
  let cursor = '';
  while (found.length < ids.length) {
    const page = (await request(app, `/api/v1/tasks?limit=${PAGE}${cursor}`)) as {
      data: readonly MeasuredTask[];
      next_cursor: string | null;
    };
    found.push(...page.data.filter(({ task_id }) => wanted.has(task_id)));
    if (page.next_cursor === null) break;
    cursor = `&cursor=${encodeURIComponent(page.next_cursor)}`;
  }
  return found;
}

/** Rejects unless each task is listed once, was completed by one attempt, and is charged: the table of charges takes a task once. */
export async function assertExact(app: MeasuredApp, ids: readonly string[]): Promise<void> {
  const tasks = await newestTasks(app, ids);
  const completed = tasks.filter(({ status, attempts }) => status === 'completed' && attempts.length === 1);
  const different = new Set(tasks.map(({ task_id }) => task_id)).size;
  if (different !== ids.length || completed.length !== ids.length)
    throw new Error(`of ${ids.length} tasks ${different} are listed, ${completed.length} completed by one attempt`);
  for (const id of ids) {
    const costs = (await request(app, `/api/v1/costs?task=${id}`)) as { readonly state?: unknown };
    if (costs.state !== 'charged') throw new Error(`task ${id} is ${String(costs.state)}, not charged`);
  }
}

export async function request(
  app: MeasuredApp,
  path: string,
  options: { readonly method?: string; readonly body?: string } = {},
): Promise<unknown> {
  const response = await fetch(new URL(path, app.url), {
    ...options,
    headers: {
      authorization: `Bearer ${app.apiKey}`,
      ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
    },
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${options.method ?? 'GET'} ${path} answered ${response.status}: ${text}`);
  return JSON.parse(text);
}
