import type { History, WebhookReceipt } from '../history.js';
import { taskHistories, terminalState, type TaskHistory } from '../task-history.js';
import { expectThat, type Violation } from '../violation.js';

interface Told {
  readonly type?: string;
  readonly data?: { readonly task_id?: string; readonly status?: string; readonly sequence?: number };
}

/**
 * P14, P15: every end of a task with a callback is taken by its endpoint, under the event's id, signed so that the
 * receiver could check it, and says what happened. Nothing else is sent.
 */
export function checkWebhooks(history: History): readonly Violation[] {
  const tasks = [...taskHistories(history).values()];
  const expected = new Map(tasks.flatMap((task) => task.ends.map((event) => [event.id, task] as const)));
  return [
    ...tasks.flatMap((task) => checkDelivered(history, task)),
    ...history.receipts.flatMap((receipt) => [
      ...expectThat(receipt.signatureValid, 'signature valid', receipt.url, `webhook ${receipt.webhookId}`),
      ...checkContent(receipt, expected.get(receipt.webhookId)),
    ]),
  ];
}

function checkDelivered({ receipts, deadEndpoints }: History, task: TaskHistory): readonly Violation[] {
  return task.ends.flatMap((event) => {
    const url = callbackOf(event.data);
    if (url === undefined || deadEndpoints.has(url)) return [];
    const taken = receipts.some((each) => each.taken && each.url === url && each.webhookId === event.id);
    return expectThat(taken, 'webhook delivered', task.taskId, `${url} never took the webhook ${event.id}`);
  });
}

function checkContent(receipt: WebhookReceipt, task: TaskHistory | undefined): readonly Violation[] {
  const event = task?.ends.find(({ id }) => id === receipt.webhookId);
  if (event === undefined) {
    return expectThat(false, 'webhook delivered', receipt.url, `webhook ${receipt.webhookId} is of no task's end`);
  }
  const { type, data } = JSON.parse(receipt.body) as Told;
  const state = terminalState(event);
  const right =
    type === `task.${state}` &&
    data?.task_id === task?.taskId &&
    data?.status === state &&
    data?.sequence === event.sequence &&
    callbackOf(event.data) === receipt.url;
  return expectThat(right, 'webhook delivered', receipt.url, `webhook ${receipt.webhookId} tells of something else`);
}

export function callbackOf(data: unknown): string | undefined {
  return (data as { readonly callbackUrl?: string }).callbackUrl;
}
