import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, withTimeout, startWebhookReceiver, type WebhookReceiver } from '@millrace/test-kit';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import { ApiClient } from './api-client.js';
import { readEvents } from './event-stream.js';
import { redPng } from './red-png.js';
import { frameAt, inspectVideo, shareOf } from './video-file.js';
import { LEASE_MS, type SystemUnderTest } from './system-under-test.js';

const START_TIMEOUT_MS = 300_000;
const VIDEO_TIMEOUT_MS = 90_000;
const UNKNOWN_TASK = '01890a5d-ac96-774b-bcce-b302099a8057';

/** What every way to run Millrace must do, through HTTP only. `start` answers a reason where it can't. */
export function blackBoxSuite(start: () => Promise<SystemUnderTest>): void {
  let system: SystemUnderTest;
  let api: ApiClient;
  let receiver: WebhookReceiver;

  beforeAll(async () => {
    system = await start();
    api = new ApiClient(system);
    receiver = await startWebhookReceiver();
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    await receiver?.close();
    await system?.stop();
  }, START_TIMEOUT_MS);

  const download = async (url: unknown): Promise<Uint8Array> =>
    new Uint8Array(await (await fetch(String(url))).arrayBuffer());
  const video = (prompt: string, more: Record<string, unknown> = {}) => ({
    prompt,
    task_type: 'ti2v-5B',
    resolution: '832*480',
    parameters: { duration_s: 1, seed: 7, steps: 8 },
    ...more,
  });
  const noop = (more: Record<string, unknown> = {}) => ({ prompt: 'nothing', task_type: 'noop', ...more });

  describe('a client that knows three fields (API-01 to API-04)', () => {
    it(
      'posts, polls, downloads without a header, and has a real video of the requested size',
      async () => {
        const created = await api.call('POST', '/api/v1/generate', {
          prompt: 'a red ball bouncing at night',
          resolution: '832*480',
          task_type: 'ti2v-5B',
        });
        expect(created.status).toBe(202);
        expect(created.headers.get('location')).toBe(created.body['status_url']);
        expect(Number(created.headers.get('retry-after'))).toBeGreaterThan(0);
        expect(created.body).toMatchObject({
          status: 'queued',
          message: 'Task created successfully',
          estimated_time: expect.any(Number),
        });
        const status = await api.ended(String(created.body['task_id']));
        expect(status).toMatchObject({
          status: 'completed',
          progress: 100,
          error: null,
          resolution: '832x480',
          engine: 'onnx-demo',
          duration: 4,
        });
        const bytes = await download(status['result_url']);
        expect(bytes.byteLength).toBe(status['file_size']);
        expect(await inspectVideo(bytes)).toMatchObject({ codec: 'h264', width: 832, height: 480, durationS: 4 });
        expect((await download(status['thumbnail_url'])).slice(0, 3)).toEqual(Uint8Array.of(0xff, 0xd8, 0xff));
        const part = await fetch(String(status['result_url']), { headers: { range: 'bytes=4-7' } });
        expect([part.status, part.headers.get('content-type'), await part.text()]).toEqual([206, 'video/mp4', 'ftyp']);
        const tampered = await fetch(
          String(status['result_url']).replace(
            /(signature=|Signature=)(.)/i,
            (_match, name: string, digit: string) => `${name}${digit === '0' ? '1' : '0'}`,
          ),
        );
        expect(tampered.status).toBe(403);
      },
      VIDEO_TIMEOUT_MS,
    );

    it(
      'shows the colour of the prompt, and the same seed gives the same bytes',
      async () => {
        const ids = await Promise.all(
          [video('a red ball'), video('a blue ball'), video('a red ball')].map((body) => api.generate(body)),
        );
        const clips = await Promise.all(ids.map(async (id) => download((await api.ended(id))['result_url'])));
        const [red = [], blue = []] = await Promise.all(clips.map((clip) => frameAt(clip, 0.5, 208, 120)));
        const reddish = (pixel: readonly [number, number, number]): boolean =>
          pixel[0] > 120 && pixel[0] > 2 * pixel[1] && pixel[0] > 2 * pixel[2];
        expect(shareOf(red, reddish)).toBeGreaterThan(0.005);
        expect(shareOf(blue, reddish)).toBeLessThan(0.001);
        const digests = clips.map((clip) => createHash('sha256').update(clip).digest('hex'));
        expect(digests[2]).toBe(digests[0]);
        expect(digests[1]).not.toBe(digests[0]);
      },
      VIDEO_TIMEOUT_MS,
    );

    it(
      'starts from an image (TYP-05), at 1280x704',
      async () => {
        const picture = await servePicture();
        const id = await api.generate(
          video('a small green star', {
            task_type: 'i2v-A14B',
            resolution: '1280x704',
            image_url: picture.url,
            parameters: { duration_s: 0.5, seed: 1, steps: 4 },
          }),
        );
        const status = await api.ended(id);
        expect(status).toMatchObject({ status: 'completed', resolution: '1280x704' });
        const clip = await download(status['result_url']);
        expect(await inspectVideo(clip)).toMatchObject({ width: 1280, height: 704 });
        const frame = await frameAt(clip, 0.1, 128, 70);
        expect(shareOf(frame, ([red, green, blue]) => red > 180 && green < 80 && blue < 80)).toBeGreaterThan(0.5);
        await picture.close();
      },
      VIDEO_TIMEOUT_MS,
    );
  });

  describe('bad input', () => {
    const cases: readonly (readonly [string, unknown, number, string, string | undefined])[] = [
      ['an unknown type', noop({ task_type: 'sora' }), 422, 'task_type_unknown', '/task_type'],
      [
        'a type without a profile',
        { task_type: 'comfyui', workflow: {} },
        422,
        'task_type_not_available',
        '/task_type',
      ],
      ['a resolution of its own', noop({ resolution: '640*480' }), 422, 'validation_failed', '/resolution'],
      ['image-to-video without an image', { prompt: 'x', task_type: 'i2v-A14B' }, 422, 'image_required', '/image_url'],
      ['an over-long prompt', noop({ prompt: 'x'.repeat(33_000) }), 422, 'validation_failed', '/prompt'],
      ['control characters', noop({ prompt: 'a\u0000b' }), 422, 'validation_failed', '/prompt'],
      ['unknown fields', noop({ promt: 'x' }), 422, 'validation_failed', '/promt'],
      ['a tenant in the body', noop({ tenant_id: 'other' }), 422, 'validation_failed', '/tenant_id'],
      ['priority 7', noop({ priority: 7 }), 422, 'validation_failed', '/priority'],
      [
        'a callback to a private network',
        noop({ callback_url: 'https://10.0.0.1/hook' }),
        422,
        'address_refused',
        '/callback_url',
      ],
      [
        'a callback to the metadata address',
        noop({ callback_url: 'http://169.254.169.254/latest' }),
        422,
        'address_refused',
        '/callback_url',
      ],
      [
        'an image from a private network',
        { prompt: 'x', task_type: 'i2v-A14B', image_url: 'https://192.168.1.1/a.png' },
        422,
        'address_refused',
        '/image_url',
      ],
      ['broken JSON', '{"prompt": ', 400, 'malformed_json', undefined],
      ['no object', '[]', 422, 'validation_failed', ''],
    ];

    it.each(cases)('%s', async (_name, body, status, code, pointer) => {
      const before = await api.newestTask();
      const answer = await api.call('POST', '/api/v1/generate', body);
      expect([answer.status, answer.body['code']]).toEqual([status, code]);
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
      expect(answer.body['detail']).toEqual(expect.stringMatching(/\w.*\./));
      if (pointer !== undefined)
        expect(answer.body['errors']).toEqual(expect.arrayContaining([expect.objectContaining({ pointer })]));
      expect(await api.newestTask()).toEqual(before);
    });

    it('a wrong content type, a body too large, wrong and missing keys, unknown ids, routes and methods', async () => {
      const wrongType = await fetch(`${system.url}/api/v1/generate`, {
        method: 'POST',
        headers: { authorization: `Bearer ${system.apiKey}`, 'content-type': 'text/plain' },
        body: 'x',
      });
      expect(wrongType.status).toBe(415);
      expect((await api.call('POST', '/api/v1/generate', noop({ prompt: 'x'.repeat(300_000) }))).status).toBe(413);
      const stranger = new ApiClient({ ...system, apiKey: `mr_live_aaaaaaaa_${'a'.repeat(38)}` });
      expect(await stranger.call('POST', '/api/v1/generate', noop())).toMatchObject({
        status: 401,
        body: { code: 'api_key_invalid' },
      });
      const nobody = await fetch(`${system.url}/api/v1/tasks`);
      expect([nobody.status, nobody.headers.get('www-authenticate')]).toEqual([401, expect.stringContaining('Bearer')]);
      for (const path of [
        `/api/v1/status/${UNKNOWN_TASK}`,
        `/api/v1/tasks/${UNKNOWN_TASK}`,
        `/api/v1/costs?task=${UNKNOWN_TASK}`,
      ]) {
        expect(await api.call('GET', path)).toMatchObject({ status: 404, body: { code: 'task_not_found' } });
      }
      expect(await api.call('GET', '/api/v1/nothing')).toMatchObject({
        status: 404,
        body: { code: 'route_not_found' },
      });
      const method = await api.call('PUT', '/api/v1/generate', noop());
      expect([method.status, method.headers.get('allow')]).toEqual([405, 'POST']);
      expect((await api.call('GET', '/api/v1/status/not-an-id')).status).toBe(422);
    });
  });

  describe('idempotency (P2, API-17)', () => {
    it('the same key and body give the same task, another body is refused, fifty at once make one', async () => {
      const key = { 'idempotency-key': `e2e-${createHash('sha256').update(system.url).digest('hex').slice(0, 12)}` };
      const answers = await Promise.all(
        Array.from({ length: 50 }, () => api.call('POST', '/api/v1/generate', noop(), key)),
      );
      expect(new Set(answers.map(({ body }) => body['task_id'])).size).toBe(1);
      expect(answers.filter(({ headers }) => headers.get('idempotency-replayed') === 'true')).toHaveLength(49);
      expect(await api.call('POST', '/api/v1/generate', noop({ priority: -1 }), key)).toMatchObject({
        status: 422,
        body: { code: 'idempotency_key_reused' },
      });
    });
  });

  describe('a task on its way', () => {
    it('is listed newest first, shown with attempts and cost, and erased on request', async () => {
      const first = await api.generate(noop());
      const second = await api.generate(noop({ metadata: { customer: 'acme' } }));
      const page = (await api.call('GET', '/api/v1/tasks?limit=2')).body['data'] as { task_id: string }[];
      expect(page.map(({ task_id: id }) => id)).toEqual([second, first]);
      await api.ended(second);
      expect(await api.task(second)).toMatchObject({
        status: 'completed',
        metadata: { customer: 'acme' },
        attempts: [{ number: 1, outcome: 'succeeded' }],
      });
      expect((await api.call('DELETE', `/api/v1/tasks/${second}`)).status).toBeLessThan(300);
      expect(JSON.stringify((await api.call('GET', `/api/v1/tasks/${second}`)).body)).not.toContain('acme');
    });

    it(
      'streams its events, and again from Last-Event-ID',
      async () => {
        const id = await api.generate(video('a yellow star spinning'));
        const events = await readEvents(system, id);
        const names = events.map(({ event }) => event);
        expect(names.filter((name) => !['progress', 'preview', 'log'].includes(name))).toEqual(
          expect.arrayContaining(['queued', 'scheduled', 'completed', 'charged']),
        );
        expect(names).toContain('progress');
        expect(names.indexOf('completed')).toBeGreaterThan(names.indexOf('queued'));
        expect(names.at(-1)).toBe('charged');
        const scheduled = events.find(({ event }) => event === 'scheduled');
        const rest = await readEvents(system, id, scheduled?.id);
        expect(rest.map(({ event }) => event)).toEqual(expect.arrayContaining(['completed', 'charged']));
        expect(rest.map(({ event }) => event)).not.toContain('queued');
      },
      VIDEO_TIMEOUT_MS,
    );

    it(
      'can be cancelled while it runs, and while it waits; what never ran costs nothing',
      async () => {
        const running = await api.generate(
          video('a slow blue ring', { parameters: { duration_s: 4, steps: 50, step_delay_ms: 200 } }),
        );
        await eventually(async () => expect(await api.status(running)).toMatchObject({ status: 'processing' }), {
          timeoutMs: 20_000,
        });
        const waiting = await api.generate(noop()); // Only now: of two that wait, the shorter one goes first.
        const queued = { waiting_reason: { code: 'pool_busy' }, queue: { position: 1 } };
        await eventually(async () => expect(await api.task(waiting)).toMatchObject(queued), { timeoutMs: 10_000 });
        expect((await api.call('POST', `/api/v1/tasks/${waiting}/cancel`)).status).toBeLessThan(300);
        expect((await api.call('POST', `/api/v1/tasks/${running}/cancel`)).status).toBe(202);
        expect(await api.ended(waiting)).toMatchObject({ status: 'cancelled' });
        expect(await api.ended(running)).toMatchObject({ status: 'cancelled' });
        expect((await api.call('POST', `/api/v1/tasks/${running}/cancel`)).status).toBe(200);
        expect(await api.task(waiting)).toMatchObject({ attempts: [], usage: { final: true, cost: '0' } });
        expect(await api.charged(waiting)).toMatchObject({ cost: '0', gpu_seconds: 0, by_attempt: [] });
        // The stream does not wait for a charge that never comes.
        expect((await withTimeout(readEvents(system, waiting), 5_000, 'the stream')).at(-1)?.event).toBe('cancelled');
        expect(Number((await api.charged(running))['gpu_seconds'])).toBeGreaterThan(0);
      },
      VIDEO_TIMEOUT_MS,
    );
  });

  describe('a callback (NTF-01, P15)', () => {
    it('is a signed Standard Webhook that the stock library verifies, and refuses with another secret', async () => {
      const id = await api.generate(noop({ callback_url: `${receiver.url}/done`, metadata: { order: '7' } }));
      const [webhook] = await receiver.waitFor(1, { matching: ({ body }) => body.includes(id), timeoutMs: 30_000 });
      const answer = await api.call('GET', '/api/v1/webhooks/secret');
      expect(answer.headers.get('cache-control')).toBe('no-store');
      const secret = String((answer.body as Record<string, unknown>)['secret']);
      const { body, headers } = webhook!;
      expect(new Webhook(secret).verify(body, headers)).toMatchObject({
        type: 'task.completed',
        data: { task_id: id, status: 'completed', metadata: { order: '7' } },
      });
      const other = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
      expect(() => new Webhook(other).verify(body, headers)).toThrow(WebhookVerificationError);
      await eventually(async () => {
        const { data } = (await api.call('GET', `/api/v1/webhooks/deliveries?task=${id}`)).body as { data: unknown[] };
        expect(data).toMatchObject([{ state: 'delivered', task_id: id, tries: [{ number: 1, status_code: 204 }] }]);
      });
    }, 60_000);
  });

  describe('a worker that is killed at half of its steps (P7, P8, P13)', () => {
    it('is replaced: the task completes from a checkpoint, is charged once, and the bytes are the same', async () => {
      const body = video('a pink heart pulsing at sunset', {
        parameters: { duration_s: 2, seed: 11, steps: 12, step_delay_ms: 60 },
        callback_url: `${receiver.url}/killed`,
      });
      const id = await api.generate(body);
      await eventually(async () => expect(Number((await api.status(id))['progress'])).toBeGreaterThan(50), {
        timeoutMs: 40_000,
        intervalMs: 50,
      });
      await system.killWorker();
      const status = await api.ended(id, 60_000 + 3 * LEASE_MS);
      expect(status).toMatchObject({ status: 'completed' });
      const { attempts } = await api.task(id);
      expect(attempts).toHaveLength(2);
      expect(attempts).toMatchObject([
        { outcome: 'lost', billable: false },
        { outcome: 'succeeded', billable: true },
      ]);
      expect(attempts[1]!.resumed_from_step).toBeGreaterThan(0);
      const costs = (await api.charged(id)) as {
        cost: string;
        by_attempt: { attempt: number; cost: string; account: string; gpu_seconds: number }[];
      };
      const settled = costs.by_attempt.find(({ attempt }) => attempt === 2);
      expect(settled).toMatchObject({ account: 'tenant:default:default', cost: costs.cost });
      expect(
        costs.by_attempt.filter(({ attempt }) => attempt === 1).every(({ account }) => account === 'loss:platform'),
      ).toBe(true);
      const again = await api.ended(
        await api.generate({ ...body, callback_url: undefined, parameters: { duration_s: 2, seed: 11, steps: 12 } }),
      );
      expect(await download(status['result_url'])).toEqual(await download(again['result_url']));
      await receiver.waitFor(1, { matching: ({ body: text }) => text.includes(id) });
      expect(receiver.received.filter(({ body: text }) => text.includes(id))).toHaveLength(1);
    }, 150_000);
  });

  describe('telemetry (P19)', () => {
    it('has one trace id from POST to webhook, over all five services', async () => {
      const traceId = createHash('md5').update(system.url).digest('hex');
      const id = await api.generate(noop({ callback_url: `${receiver.url}/traced` }), {
        traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
      });
      const [webhook] = await receiver.waitFor(1, { matching: ({ body }) => body.includes(id), timeoutMs: 30_000 });
      expect(webhook!.headers['traceparent']).toContain(traceId);
      expect((await api.task(id)).trace_id).toBe(traceId);
      await eventually(
        () => {
          const spans = system.spans.spans.filter((span) => span.traceId === traceId);
          expect(spans.map(({ name }) => name)).toEqual(
            expect.arrayContaining(['create task.requested', 'task.attempt', 'webhook.deliver']),
          );
          expect(new Set(spans.map(({ service }) => service))).toEqual(
            new Set(['gateway', 'scheduler', 'gpu-worker', 'billing', 'notifier']),
          );
        },
        { timeoutMs: 20_000 },
      );
    }, 60_000);

    it('answers health, metrics and the contracts', async () => {
      for (const path of ['/health/live', '/health/ready', '/api/v1/health'])
        expect((await fetch(`${system.url}${path}`)).status).toBe(200);
      const metrics = await fetch(`${system.internalUrl}/metrics`);
      expect(await metrics.text()).toMatch(/millrace_consumer_lag_records\{group="gateway/);
      expect((await api.call('GET', '/openapi.json')).body['openapi']).toMatch(/^3\.1/);
      expect((await api.call('GET', '/asyncapi.json')).body['asyncapi']).toMatch(/^3\./);
      const page = await fetch(`${system.url}/`);
      expect([page.status, page.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/html')]);
    });
  });

  /** Binary bodies: the receiver of the test kit answers text only. */
  async function servePicture(): Promise<{ url: string; close(): Promise<void> }> {
    const server = createServer((_request, response) =>
      response.writeHead(200, { 'content-type': 'image/png' }).end(redPng(64, 48)),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    return {
      url: `http://127.0.0.1:${port}/picture.png`,
      close: () => new Promise((resolve) => server.close(() => resolve())),
    };
  }
}
