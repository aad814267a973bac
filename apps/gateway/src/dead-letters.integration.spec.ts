import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { taskFailed } from '@millrace/contracts';
import { newEvent } from '@millrace/messaging/ports';
import { startGatewayFixture, type Answer, type GatewayFixture } from './testing/gateway-fixture.js';
import { lifeOf } from './testing/task-life.js';

const START_MS = 90_000;
const NEVER_ACCEPTED = '01890a5d-ac96-774b-bcce-b302099a8057';
const DLQ = 'task.lifecycle.dlq';
let fixture: GatewayFixture;

beforeAll(async () => {
  fixture = await startGatewayFixture();
}, START_MS);
afterAll(() => fixture?.close(), START_MS);

/** Asks until the answer is as wanted; the test's own limit ends it. */
async function eventually(ask: () => Promise<Answer>, isThere: (answer: Answer) => boolean): Promise<Answer> {
  for (;;) {
    const answer = await ask();
    if (isThere(answer)) return answer;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function lettersOf(answer: Answer): Record<string, unknown>[] {
  return answer.body['data'] as Record<string, unknown>[];
}

const list = (query = ''): Promise<Answer> => fixture.call('GET', `/api/v1/dead-letters${query}`);

describe('dead letters, from a consumer that fails to the operator and back', () => {
  it('P6: shows what a group could not apply, opens it again when a redrive fails too, and lets the key go by a skip', async () => {
    const life = lifeOf(NEVER_ACCEPTED);
    await fixture.publish([life.queued]);
    const shown = await eventually(list, (answer) => lettersOf(answer).length === 1);
    const [letter] = lettersOf(shown);
    expect(letter).toMatchObject({
      ...{ status: 'open', topic: 'task.lifecycle', consumer_group: 'gateway.task-view', blocks_key: true },
      ...{ error_class: 'rejected_by_handler', task_id: NEVER_ACCEPTED, tenant_id: 'acme', redrives: 0 },
      event_type: 'io.millrace.task.queued.v1',
    });
    const one = `/api/v1/dead-letters/${String(letter?.['id'])}`;
    const whole = await fixture.call('GET', one);
    expect(JSON.parse(String(whole.body['payload']))).toMatchObject({ taskId: NEVER_ACCEPTED });

    const redriven = await fixture.call('POST', `${one}/redrive`);
    expect([redriven.status, redriven.body['status']]).toEqual([200, 'redriven']);
    const again = await eventually(
      () => fixture.call('GET', one),
      ({ body }) => body['status'] === 'open' && body['redrives'] === 1,
    );
    expect(again.body['resolved_by']).toBeNull();
    expect(fixture.bus.records(DLQ)).toHaveLength(2);

    const skipped = await fixture.call('POST', `${one}/skip`);
    expect([skipped.status, skipped.body['status']]).toEqual([200, 'skipped']);
    expect((await fixture.call('POST', `${one}/redrive`)).body['code']).toBe('dead_letter_resolved');
    // The key goes on: the next event of it dies by itself.
    await fixture.publish([life.scheduled]);
    await eventually(list, (answer) => lettersOf(answer).length === 2);
  });

  it('decides by filter, after a dry run', async () => {
    const query = `?topic=task.lifecycle&consumer_group=gateway.task-view&task=${NEVER_ACCEPTED}`;
    const dry = await fixture.call('POST', `/api/v1/dead-letters/skip${query}&dry_run=true`);
    expect(dry.body).toMatchObject({ dry_run: true, matched: 1, resolved: 0, data: [{ status: 'open' }] });
    const none = await fixture.call('POST', `/api/v1/dead-letters/skip?topic=usage.recorded`);
    expect(none.body).toMatchObject({ matched: 0, resolved: 0 });
    const real = await fixture.call('POST', `/api/v1/dead-letters/skip${query}&limit=10`);
    expect(real.body).toMatchObject({ dry_run: false, matched: 1, resolved: 1 });
    expect(lettersOf(await list('?status=open'))).toEqual([]);
    const page = await list('?status=skipped&limit=1');
    expect(page.headers.get('link')).toContain('status=skipped');
  });

  it.each(['dry_run=maybe', 'limit=0', 'limit=1001', 'created_after=yesterday', 'task=7', 'tenant=x'])(
    'refuses ?%s',
    async (query) => {
      const answer = await fixture.call('POST', `/api/v1/dead-letters/redrive?${query}`);
      expect([answer.status, answer.body['code']]).toEqual([422, 'validation_failed']);
    },
  );

  it('knows no letter by another id', async () => {
    const answer = await fixture.call('GET', `/api/v1/dead-letters/${NEVER_ACCEPTED}`);
    expect([answer.status, answer.body['code']]).toEqual([404, 'dead_letter_not_found']);
  });
});

describe('npm run dead-letters', () => {
  const run = promisify(execFile);
  const script = (...args: string[]) =>
    run(process.execPath, ['scripts/dead-letters.mjs', ...args], {
      env: { MILLRACE_URL: fixture.gateway.url, MILLRACE_API_KEY: fixture.key },
    });

  it('lists, tells what it would do, and does it', async () => {
    const id = '01890a5d-ac96-774b-bcce-b302099a8058';
    await fixture.publish([lifeOf(id).queued]);
    await eventually(
      () => list('?status=open'),
      (answer) => lettersOf(answer).length === 1,
    );
    expect((await script('list', '--status', 'open', '--task', id)).stdout).toContain('gateway.task-view');
    expect((await script('skip', '--task', id, '--dry-run')).stdout).toContain('would skip 1 of 1 open');
    expect((await script('skip', '--task', id)).stdout).toContain('skip: 1 of 1 open');
    const listed = JSON.parse((await script('list', '--task', id, '--json')).stdout) as { data: { status: string }[] };
    expect(listed.data[0]?.status).toBe('skipped');
  });

  it('decides about nothing unless it is said which', async () => {
    await expect(script('redrive')).rejects.toMatchObject({ code: 2 });
    await expect(script('show', NEVER_ACCEPTED)).rejects.toMatchObject({ code: 1 });
  });
});

describe('dead-lettered tasks', () => {
  it('QUE-07: are listed by reason, and made again by a retry', async () => {
    const body = { prompt: 'a red ball', task_type: 'ti2v-5B' };
    const id = String((await fixture.call('POST', '/api/v1/generate', { body })).body['task_id']);
    const { attempts: _attempts, ...data } = { ...taskFailed.fixture, taskId: id, tenantId: 'acme', sequence: 2 };
    const failed = { ...data, attempts: [], reason: 'dead_lettered' };
    await fixture.publish([lifeOf(id).queued, newEvent(taskFailed, failed, { tenantId: 'acme', sequence: 2 })]);
    const found = await eventually(
      () => fixture.call('GET', '/api/v1/tasks?status=failed&reason=dead_lettered'),
      (answer) => lettersOf(answer).length === 1,
    );
    expect(lettersOf(found)[0]).toMatchObject({ task_id: id, reason: 'dead_lettered' });
    expect(lettersOf(await fixture.call('GET', '/api/v1/tasks?reason=timeout'))).toEqual([]);
    const headers = { 'idempotency-key': 'again-1' };
    const retried = await fixture.call('POST', `/api/v1/tasks/${id}/retry`, { headers });
    expect([retried.status, retried.body['status'], retried.body['retried_from']]).toEqual([202, 'queued', id]);
    expect(retried.headers.get('location')).toBe(`/api/v1/status/${String(retried.body['task_id'])}`);
    expect(retried.body['input']).toEqual({ prompt: 'a red ball' });
    const same = await fixture.call('POST', `/api/v1/tasks/${id}/retry`, { headers });
    expect(same.body['task_id']).toBe(retried.body['task_id']);
    const early = await fixture.call('POST', `/api/v1/tasks/${String(retried.body['task_id'])}/retry`);
    expect([early.status, early.body['code']]).toEqual([409, 'task_not_terminal']);
  });
});
