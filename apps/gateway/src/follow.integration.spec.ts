import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { taskAnswer, taskStatusAnswer } from '@millrace/contracts';
import type { NewEvent } from '@millrace/messaging/ports';
import { eventually, withTimeout } from '@millrace/test-kit';
import { startGatewayFixture, type Answer, type GatewayFixture } from './testing/gateway-fixture.js';
import { VIDEO, lifeOf } from './testing/task-life.js';

const START_MS = 90_000;
const WAIT_MS = 10_000;
let fixture: GatewayFixture;

beforeAll(async () => {
  fixture = await startGatewayFixture();
}, START_MS);
afterAll(() => fixture?.close(), START_MS);

async function accept(): Promise<{ id: string; life: ReturnType<typeof lifeOf> }> {
  const { body } = await fixture.call('POST', '/api/v1/generate', {
    body: { prompt: 'a red ball', task_type: 'ti2v-5B', metadata: { customer: 'x' } },
  });
  const id = String(body['task_id']);
  return { id, life: lifeOf(id) };
}

function status(id: string, headers: Record<string, string> = {}): Promise<Answer> {
  return fixture.call('GET', `/api/v1/status/${id}`, { headers });
}

async function reaches(id: string, state: string): Promise<Answer> {
  return eventually(async () => {
    const answer = await status(id);
    expect(answer.body['status']).toBe(state);
    return answer;
  });
}

async function tell(...events: NewEvent[]): Promise<void> {
  for (const event of events) await fixture.publish([event]);
}

async function complete(life: ReturnType<typeof lifeOf>): Promise<void> {
  await fixture.store.put(life.videoKey, VIDEO, { mediaType: 'video/mp4' });
  await tell(life.queued, life.scheduled, life.started, life.completed);
}

interface StreamEvent {
  readonly id: string | undefined;
  readonly name: string;
  readonly data: Record<string, unknown>;
}

/** Reads a task's event stream to its end. */
async function readStream(id: string, headers: Record<string, string> = {}): Promise<readonly StreamEvent[]> {
  const answer = await fetch(`${fixture.gateway.url}/api/v1/tasks/${id}/events`, {
    headers: { authorization: `Bearer ${fixture.key}`, ...headers },
  });
  expect(answer.headers.get('content-type')).toContain('text/event-stream');
  const text = await withTimeout(answer.text(), WAIT_MS, 'the end of the stream');
  return text.split('\n\n').flatMap((block) => {
    const field = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
    const name = field('event');
    return name === undefined
      ? []
      : [{ id: field('id'), name, data: JSON.parse(field('data') ?? '{}') as Record<string, unknown> }];
  });
}

describe('a task on its way', () => {
  it('API-03, API-04: the status goes from queued over processing to completed, with a URL that serves ranges', async () => {
    const { id, life } = await accept();
    expect(taskStatusAnswer.parse((await status(id)).body)).toMatchObject({
      status: 'queued',
      progress: 0,
      result_url: null,
      error: null,
    });
    await tell(life.queued, life.scheduled, life.started);
    await reaches(id, 'processing');
    await eventually(async () => {
      await tell(life.progressed(60));
      const { body } = await status(id);
      expect([body['progress'], body['estimated_completion']]).toEqual([50, expect.stringMatching(/^20\d\d-/)]);
    });
    await complete(life);
    const { body, headers } = await reaches(id, 'completed');
    expect(body).toMatchObject({
      progress: 100,
      duration: 4,
      resolution: '832x480',
      file_size: VIDEO.length,
      processing_time: 14,
      engine: 'onnx-demo',
    });
    expect(headers.get('retry-after')).toBeNull();
    const video = await fetch(String(body['result_url']), { headers: { range: 'bytes=4-9' } });
    expect([video.status, video.headers.get('content-type'), await video.text()]).toEqual([
      206,
      'video/mp4',
      VIDEO.subarray(4, 10).toString(),
    ]);
  });

  it('shows attempts, usage and metadata, first provisional and then charged', async () => {
    const { id, life } = await accept();
    await complete(life);
    await reaches(id, 'completed');
    const task = async () => taskAnswer.parse((await fixture.call('GET', `/api/v1/tasks/${id}`)).body);
    expect(await task()).toMatchObject({
      metadata: { customer: 'x' },
      sequence: 4,
      attempts: [{ number: 1, outcome: 'succeeded', worker: 'worker-1', gpu_seconds: 12 }],
      usage: { final: false, cost: '0.0031', gpu_seconds: 12 },
    });
    await tell(life.charged);
    await eventually(async () =>
      expect((await task()).usage).toMatchObject({
        final: true,
        cost: '0.0031',
        unit_price: '0.9',
        by_attempt: [{ attempt: 1 }],
      }),
    );
  });

  it('ETag: says 304 until something changed', async () => {
    const { id, life } = await accept();
    const first = await status(id);
    const etag = first.headers.get('etag') ?? '';
    expect(first.headers.get('cache-control')).toBe('private, no-cache');
    const unchanged = await status(id, { 'if-none-match': etag });
    expect([unchanged.status, unchanged.text]).toEqual([304, '']);
    await tell(life.queued);
    await eventually(async () => expect((await status(id, { 'if-none-match': etag })).status).toBe(200));
  });

  it('Prefer: wait answers when the task has ended, or when the time is over', async () => {
    const { id, life } = await accept();
    const early = await status(id, { prefer: 'wait=1' });
    expect([early.status, early.body['status'], early.headers.get('preference-applied')]).toEqual([
      202,
      'queued',
      'wait=1',
    ]);
    const waiting = status(id, { prefer: 'respond-async, wait=30' });
    await complete(life);
    const late = await withTimeout(waiting, WAIT_MS, 'the answer');
    expect([late.status, late.body['status']]).toEqual([200, 'completed']);
  });

  it('cancels: 202 while it goes on, 200 when it had ended, one event', async () => {
    const { id, life } = await accept();
    const asked = [
      await fixture.call('POST', `/api/v1/tasks/${id}/cancel`),
      await fixture.call('POST', `/api/v1/tasks/${id}/cancel`),
    ];
    expect(asked.map((answer) => answer.status)).toEqual([202, 202]);
    await eventually(() =>
      expect(fixture.bus.records('task.cancel-requested').filter(({ key }) => key === id)).toHaveLength(1),
    );
    await complete(life);
    await reaches(id, 'completed');
    expect((await fixture.call('POST', `/api/v1/tasks/${id}/cancel`)).status).toBe(200);
  });

  it('erases prompt and objects of a task that has ended', async () => {
    const { id, life } = await accept();
    expect((await fixture.call('DELETE', `/api/v1/tasks/${id}`)).body['code']).toBe('task_not_terminal');
    await complete(life);
    const { body } = await reaches(id, 'completed');
    expect((await fixture.call('DELETE', `/api/v1/tasks/${id}`)).status).toBe(204);
    expect((await fixture.call('GET', `/api/v1/tasks/${id}`)).body).toMatchObject({
      input: null,
      metadata: {},
      result_url: null,
      status: 'completed',
    });
    expect((await fetch(String(body['result_url']))).status).toBe(404);
    expect((await fixture.call('DELETE', `/api/v1/tasks/${id}`)).status).toBe(204);
  });

  it('API-04: an object that retention removed answers 410, and the list of artifacts says so', async () => {
    const { id, life } = await accept();
    await complete(life);
    const { body } = await reaches(id, 'completed');
    await fixture.store.removeOldest({ limitBytes: 0, batch: 100, minimumAgeMs: 0 });
    const gone = await fetch(String(body['result_url']));
    expect([gone.status, ((await gone.json()) as { code: string }).code]).toEqual([410, 'artifact_expired']);
    const { data } = (await fixture.call('GET', `/api/v1/tasks/${id}/artifacts`)).body as { data: object[] };
    expect(data).toMatchObject([{ kind: 'video', removed: true, url: null }]);
  });
});

describe('GET /api/v1/tasks/{id}/events', () => {
  it('streams a life in order, each with its sequence, and closes after charged', async () => {
    const { id, life } = await accept();
    const stream = readStream(id);
    await tell(life.queued, life.scheduled, life.started);
    await reaches(id, 'processing');
    await eventually(async () => {
      await tell(life.progressed(12));
      expect((await status(id)).body['progress']).toBe(10);
    });
    await complete(life);
    await tell(life.charged);
    const events = await stream;
    const lifecycle = events.filter((event) => event.id !== undefined);
    expect(lifecycle.map((event) => [event.id, event.name])).toEqual([
      ['1', 'queued'],
      ['2', 'scheduled'],
      ['3', 'attempt'],
      ['4', 'completed'],
    ]);
    expect(events.map((event) => event.name)).toEqual(expect.arrayContaining(['progress', 'preview']));
    expect(events.at(-1)).toMatchObject({
      name: 'charged',
      data: { task: { status: 'completed', usage: { final: true } } },
    });
    expect(lifecycle.at(-1)?.data).toMatchObject({
      sequence: 4,
      processing_time: 14,
      task: { result_url: expect.stringContaining('/objects/') as unknown },
    });
  });

  it('resumes after Last-Event-ID from the database', async () => {
    const { id, life } = await accept();
    await complete(life);
    await tell(life.charged);
    await eventually(async () =>
      expect((await fixture.call('GET', `/api/v1/tasks/${id}`)).body['usage']).toMatchObject({ final: true }),
    );
    expect((await readStream(id)).map((event) => event.name)).toEqual([
      'queued',
      'scheduled',
      'attempt',
      'completed',
      'charged',
    ]);
    expect((await readStream(id, { 'last-event-id': '3' })).map((event) => event.name)).toEqual([
      'completed',
      'charged',
    ]);
  });

  it('P4: events that come in the wrong order are told in the right one', async () => {
    const { id, life } = await accept();
    await fixture.store.put(life.videoKey, VIDEO, { mediaType: 'video/mp4' });
    await tell(life.completed, life.charged, life.started, life.scheduled, life.queued);
    expect((await readStream(id)).map((event) => event.name)).toEqual([
      'queued',
      'scheduled',
      'attempt',
      'completed',
      'charged',
    ]);
  });
});
