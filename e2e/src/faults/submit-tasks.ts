import { sleep, systemClock } from '@millrace/kernel';
import type { ApiClient } from '../api-client.js';

const RETRY_DELAY_MS = 250;
/** A client gives up after so long without an answer to one request. */
const REQUEST_TIMEOUT_MS = 10_000;
/** … and after so long with refusals only. */
const SUBMIT_LIMIT_MS = 180_000;

/** A task that a client submitted until it was accepted. */
export interface AcceptedTask {
  readonly key: string;
  readonly id: string;
  /** Requests it took: the others failed, or were refused because the service was not there. */
  readonly requests: number;
  /** From the first request to the answer. */
  readonly waitedMs: number;
}

export interface SubmitOptions {
  readonly count: number;
  /** Clients at the same time. */
  readonly clients: number;
  /** Goes into each Idempotency-Key, so that two loads do not meet. */
  readonly name: string;
  body(index: number): Record<string, unknown>;
  /** Told of each accepted task. */
  onAccepted?(task: AcceptedTask): void;
  /** Pause of each client between two tasks. */
  readonly pauseMs?: number;
}

/** Submits as a careful client does: an answer that does not come is asked for again with the same key. */
export async function submitTasks(api: ApiClient, options: SubmitOptions): Promise<readonly AcceptedTask[]> {
  const accepted: AcceptedTask[] = [];
  let next = 0;
  const client = async (): Promise<void> => {
    while (next < options.count) {
      const index = next++;
      const task = await submitOne(api, `${options.name}-${index}`, options.body(index));
      accepted.push(task);
      options.onAccepted?.(task);
      if (options.pauseMs !== undefined) await sleep(systemClock, options.pauseMs);
    }
  };
  await Promise.all(Array.from({ length: options.clients }, client));
  return accepted;
}

async function submitOne(api: ApiClient, key: string, body: Record<string, unknown>): Promise<AcceptedTask> {
  const startedMs = systemClock.monotonicMs();
  for (let requests = 1; ; requests++) {
    const answer = await api
      .call('POST', '/api/v1/generate', body, { 'idempotency-key': key }, AbortSignal.timeout(REQUEST_TIMEOUT_MS))
      .catch((error: unknown) => ({ status: 0, body: { detail: String(error) } }));
    const waitedMs = systemClock.monotonicMs() - startedMs;
    if (answer.status === 202)
      return { key, id: String((answer.body as Record<string, unknown>)['task_id']), requests, waitedMs };
    const isPassing = answer.status === 0 || answer.status === 409 || answer.status === 429 || answer.status >= 500;
    if (!isPassing || waitedMs > SUBMIT_LIMIT_MS)
      throw new Error(`${key} was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    await sleep(systemClock, RETRY_DELAY_MS);
  }
}
