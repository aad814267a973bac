import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { generateAnswer, problem, taskRequested } from '@millrace/contracts';
import { eventually } from '@millrace/test-kit';
import { startGatewayFixture, type CallOptions, type GatewayFixture } from './testing/gateway-fixture.js';

const START_MS = 90_000;
const ROUTE = '/api/v1/generate';
const VALID = { prompt: 'a red ball', task_type: 'ti2v-5B', resolution: '832*480' };
let fixture: GatewayFixture;

beforeAll(async () => {
  fixture = await startGatewayFixture();
}, START_MS);
afterAll(() => fixture?.close(), START_MS);

function events(): readonly Record<string, unknown>[] {
  return fixture.bus
    .records('task.requested')
    .map(({ value }) => JSON.parse(Buffer.from(value).toString()) as Record<string, unknown>);
}

async function taskCount(): Promise<number> {
  return ((await fixture.call('GET', '/api/v1/tasks?limit=200')).body['data'] as unknown[]).length;
}

describe('POST /api/v1/generate', () => {
  it('API-01, API-02: answers at once with everything a client needs, and emits the task', async () => {
    const trace = '0af7651916cd43dd8448eb211c80319c';
    const headers = { traceparent: `00-${trace}-b7ad6b7169203331-01`, 'x-request-id': 'mine-1' };
    const answer = await fixture.call('POST', ROUTE, { body: VALID, headers });
    expect(answer.status).toBe(202);
    expect(generateAnswer.parse(answer.body)).toMatchObject({
      status: 'queued',
      message: 'Task created successfully',
      estimated_time: 180,
      trace_id: trace,
    });
    expect(answer.headers.get('location')).toBe(`/api/v1/status/${String(answer.body['task_id'])}`);
    expect(answer.body['status_url']).toBe(answer.headers.get('location'));
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(answer.headers.get('traceparent')).toContain(trace);
    expect(answer.headers.get('x-request-id')).toBe('mine-1');
    const event = await eventually(() => {
      const found = events().find(({ taskId }) => taskId === answer.body['task_id']);
      if (found === undefined) throw new Error('no event');
      return taskRequested.schema.parse(found);
    });
    expect(event).toMatchObject({
      tenantId: 'acme',
      input: { prompt: 'a red ball' },
      resolution: { width: 832, height: 480 },
      needs: { gpus: 1, vramMiB: 15_360 },
    });
  });

  describe('bad input (API-11): a problem that says what to do, no row, no event', () => {
    const cases: readonly (readonly [string, CallOptions, number, string, string?])[] = [
      ['an unknown type (B1)', { body: { ...VALID, task_type: 'nope' } }, 422, 'task_type_unknown', '/task_type'],
      [
        'a type without a profile (B1)',
        { body: { task_type: 'http', api_path: '/x', request_body: {} } },
        422,
        'task_type_not_available',
        '/task_type',
      ],
      [
        'an unknown resolution (API-12)',
        { body: { ...VALID, resolution: '1*1' } },
        422,
        'validation_failed',
        '/resolution',
      ],
      ['no image for i2v (TYP-05)', { body: { ...VALID, task_type: 'i2v-A14B' } }, 422, 'image_required', '/image_url'],
      [
        'priority 1 without entitlement (B15)',
        { body: { ...VALID, priority: 1 } },
        403,
        'priority_not_entitled',
        '/priority',
      ],
      ['an over-long prompt', { body: { ...VALID, prompt: 'x'.repeat(32_769) } }, 422, 'validation_failed', '/prompt'],
      ['a control character', { body: { ...VALID, prompt: 'a\u0000b' } }, 422, 'validation_failed', '/prompt'],
      ['an unknown field', { body: { ...VALID, tenant_id: 'x' } }, 422, 'validation_failed', '/tenant_id'],
      [
        'a callback to loopback',
        { body: { ...VALID, callback_url: 'http://127.0.0.1/hook' } },
        422,
        'address_refused',
        '/callback_url',
      ],
      [
        "an image in the cloud provider's metadata",
        { body: { ...VALID, image_url: 'https://169.254.169.254/latest' } },
        422,
        'address_refused',
        '/image_url',
      ],
      ['an unknown query parameter', { body: VALID, headers: {} }, 422, 'validation_failed', '/query/dry'],
      [
        'a form',
        { raw: 'prompt=x', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
        415,
        'unsupported_media_type',
      ],
      [
        'plain text',
        { raw: JSON.stringify(VALID), headers: { 'content-type': 'text/plain' } },
        415,
        'unsupported_media_type',
      ],
      ['broken JSON', { raw: '{"prompt":' }, 400, 'malformed_json'],
      ['an empty body', { raw: '' }, 400, 'malformed_json'],
      [
        'a poisoned prototype',
        { raw: '{"__proto__":{"x":1},"prompt":"x","task_type":"ti2v-5B"}' },
        400,
        'malformed_json',
      ],
      [
        'a body over 256 KiB',
        { raw: JSON.stringify({ ...VALID, prompt: 'x'.repeat(262_144) }) },
        413,
        'body_too_large',
      ],
      ['no key', { body: VALID, key: null }, 401, 'api_key_missing'],
      ['a wrong key', { body: VALID, key: 'mr_live_x' }, 401, 'api_key_invalid'],
      [
        'an Idempotency-Key with spaces',
        { body: VALID, headers: { 'idempotency-key': 'a b' } },
        422,
        'validation_failed',
        '/headers/idempotency-key',
      ],
    ];

    it.each(cases.map((one) => [one[0], one] as const))('%s', async (name, [, options, status, code, pointer]) => {
      const before = [await taskCount(), events().length];
      const route = name.includes('query') ? `${ROUTE}?dry=1` : ROUTE;
      const answer = await fixture.call('POST', route, options);
      const body = problem.parse(answer.body);
      expect([answer.status, body.status, body.code, answer.headers.get('content-type')]).toEqual([
        status,
        status,
        code,
        expect.stringMatching(/^application\/problem\+json/),
      ]);
      if (pointer !== undefined) expect(body.errors?.map((fault) => fault.pointer)).toContain(pointer);
      expect(body.detail).toMatch(/ /);
      expect(body.type).toBe(`/docs/errors#${code}`);
      expect(answer.headers.get('www-authenticate')).toBe(status === 401 ? 'Bearer realm="millrace"' : null);
      expect([await taskCount(), events().length]).toEqual(before);
    });
  });

  it('B15: takes priority 1 from an entitled tenant', async () => {
    expect((await fixture.call('POST', ROUTE, { body: { ...VALID, priority: 1 }, key: fixture.otherKey })).status).toBe(
      202,
    );
  });

  describe('with an Idempotency-Key (API-17, P2)', () => {
    it('50 at once make one task, and the others say that they are repeats', async () => {
      const headers = { 'idempotency-key': 'fifty' };
      const before = await taskCount();
      const answers = await Promise.all(
        Array.from({ length: 50 }, () => fixture.call('POST', ROUTE, { body: VALID, headers })),
      );
      expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(202));
      expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
      expect(answers.filter((answer) => answer.headers.get('idempotency-replayed') === 'true')).toHaveLength(49);
      expect(await taskCount()).toBe(before + 1);
    });

    it('refuses another body, whatever the order of its fields may be', async () => {
      const headers = { 'idempotency-key': 'other-body' };
      await fixture.call('POST', ROUTE, { body: VALID, headers });
      const reordered = { resolution: '832x480', task_type: 'ti2v-5B', prompt: 'a red ball' };
      expect(
        (await fixture.call('POST', ROUTE, { body: reordered, headers })).headers.get('idempotency-replayed'),
      ).toBe('true');
      const refused = await fixture.call('POST', ROUTE, { body: { ...VALID, prompt: 'a blue ball' }, headers });
      expect([refused.status, refused.body['code']]).toEqual([422, 'idempotency_key_reused']);
    });

    it("another tenant's key of the same text is another one", async () => {
      const headers = { 'idempotency-key': 'shared-text' };
      const ids = [
        await fixture.call('POST', ROUTE, { body: VALID, headers }),
        await fixture.call('POST', ROUTE, { body: VALID, headers, key: fixture.otherKey }),
      ];
      expect(new Set(ids.map(({ body }) => body['task_id'])).size).toBe(2);
    });
  });

  it('P24: 150 tasks, 50 at a time, share commits, and none is lost', async () => {
    const before = await taskCount();
    const ids = new Set<unknown>();
    for (let round = 0; round < 3; round++) {
      const answers = await Promise.all(Array.from({ length: 50 }, () => fixture.call('POST', ROUTE, { body: VALID })));
      for (const { body } of answers) ids.add(body['task_id']);
    }
    expect(ids.size).toBe(150);
    await eventually(async () => {
      const emitted = new Set(events().map(({ taskId }) => taskId));
      expect([...ids].filter((id) => !emitted.has(id))).toEqual([]);
    });
    expect(await taskCount()).toBe(Math.min(200, before + 150));
  });
});
