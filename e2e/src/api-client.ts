import { eventually } from '@millrace/test-kit';
import type { SystemUnderTest } from './system-under-test.js';

export interface Answer<Body = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

const TERMINAL = ['completed', 'failed', 'cancelled', 'expired'];

/** A client that knows the documented API and nothing else. */
export class ApiClient {
  constructor(private readonly system: Pick<SystemUnderTest, 'url' | 'apiKey'>) {}

  async call(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
    signal?: AbortSignal,
  ): Promise<Answer> {
    const response = await fetch(new URL(path, this.system.url), {
      method,
      headers: {
        authorization: `Bearer ${this.system.apiKey}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(signal === undefined ? {} : { signal }),
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    return {
      status: response.status,
      headers: response.headers,
      body: (isJson ? JSON.parse(text) : { text }) as Record<string, unknown>,
    };
  }

  /** Posts a task and returns its id. */
  async generate(body: Record<string, unknown>, headers: Record<string, string> = {}): Promise<string> {
    const answer = await this.call('POST', '/api/v1/generate', body, headers);
    if (answer.status !== 202)
      throw new Error(`POST /api/v1/generate answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return String(answer.body['task_id']);
  }

  async status(id: string): Promise<Record<string, unknown>> {
    return (await this.call('GET', `/api/v1/status/${id}`)).body;
  }

  async task(id: string): Promise<TaskAnswer> {
    return (await this.call('GET', `/api/v1/tasks/${id}`)).body as unknown as TaskAnswer;
  }

  /** Id of the newest task; undefined where there is none. */
  async newestTask(): Promise<string | undefined> {
    const { data } = (await this.call('GET', '/api/v1/tasks?limit=1')).body as { data: { task_id: string }[] };
    return data[0]?.task_id;
  }

  /** Polls as a client does, until the task has ended. */
  ended(id: string, timeoutMs = 60_000): Promise<Record<string, unknown>> {
    return eventually(
      async () => {
        const status = await this.status(id);
        if (!TERMINAL.includes(String(status['status'])))
          throw new Error(`the task is ${String(status['status'])} at ${String(status['progress'])} %`);
        return status;
      },
      { timeoutMs, intervalMs: 100 },
    );
  }

  /** The costs of a task, once it is charged. */
  charged(id: string, timeoutMs = 30_000): Promise<Record<string, unknown>> {
    return eventually(
      async () => {
        const { status, body } = await this.call('GET', `/api/v1/costs?task=${id}`);
        if (status !== 200 || body['state'] !== 'charged')
          throw new Error(`costs answered ${status} ${JSON.stringify(body)}`);
        return body;
      },
      { timeoutMs, intervalMs: 100 },
    );
  }
}

export interface TaskAnswer {
  readonly status: string;
  readonly attempts: readonly {
    readonly number: number;
    readonly worker: string;
    readonly outcome: string | null;
    readonly resumed_from_step: number;
    readonly billable: boolean;
    readonly gpu_seconds: number;
  }[];
  readonly usage: { readonly final: boolean; readonly cost: string; readonly gpu_seconds: number } | null;
  readonly trace_id: string;
}
