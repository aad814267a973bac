import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ROUTES, taskPage } from '@millrace/contracts';
import { systemClock } from '@millrace/kernel';
import { createPrincipalAuthenticator } from '@millrace/platform';
import { PRINCIPAL_KEY, startGatewayFixture, type GatewayFixture } from './testing/gateway-fixture.js';
import { lifeOf } from './testing/task-life.js';

const START_MS = 90_000;
const UNKNOWN_ID = '01890a5d-ac96-774b-bcce-b302099a8057';
let fixture: GatewayFixture;

beforeAll(async () => {
  fixture = await startGatewayFixture();
}, START_MS);
afterAll(() => fixture?.close(), START_MS);

async function accept(key: string): Promise<string> {
  const body = { prompt: 'secret words', task_type: 'ti2v-5B' };
  return String((await fixture.call('POST', '/api/v1/generate', { body, key })).body['task_id']);
}

const TASK_ROUTES = ROUTES.filter(
  ({ path, service, tag }) => service === 'gateway' && tag === 'Tasks' && path.includes('{id}'),
);

describe('tenants (P18)', () => {
  it.each(TASK_ROUTES.map((route) => [`${route.method} ${route.path}`, route] as const))(
    "%s: another tenant's task and an unknown one are the same 404",
    async (_name, route) => {
      const theirs = await accept(fixture.otherKey);
      const answers = [theirs, UNKNOWN_ID].map((id) => fixture.call(route.method, route.path.replace('{id}', id)));
      const [foreign, unknown] = await Promise.all(answers);
      expect([foreign?.status, foreign?.body['code']]).toEqual([404, 'task_not_found']);
      expect([unknown?.status, unknown?.body['detail']]).toEqual([404, foreign?.body['detail']]);
      expect(foreign?.text).not.toContain('secret words');
    },
  );

  it('a list has the own tasks only', async () => {
    const [mine, theirs] = [await accept(fixture.key), await accept(fixture.otherKey)];
    const { text } = await fixture.call('GET', '/api/v1/tasks?limit=200');
    expect([text.includes(mine), text.includes(theirs)]).toEqual([true, false]);
  });

  it("an event that names another tenant than its task's changes nothing", async () => {
    const id = await accept(fixture.key);
    const neighbour = await accept(fixture.key);
    await fixture.publish([lifeOf(id, 'umbrella').queued, lifeOf(neighbour).queued]);
    const changed = await fixture.call('GET', `/api/v1/status/${neighbour}`, { headers: { prefer: 'wait=1' } });
    expect(changed.headers.get('etag')).toContain('"1.');
    expect((await fixture.call('GET', `/api/v1/status/${id}`)).headers.get('etag')).toContain('"0.');
  });
});

describe('every route that is not public', () => {
  it.each(
    ROUTES.filter((route) => route.access !== 'public').map(
      (route) => [`${route.method} ${route.path}`, route] as const,
    ),
  )('%s: 401 without a key', async (_name, route) => {
    const answer = await fixture.call(route.method, route.path.replace('{id}', UNKNOWN_ID), { key: null });
    expect([answer.status, answer.body['code'], answer.headers.get('www-authenticate')]).toEqual([
      401,
      'api_key_missing',
      'Bearer realm="millrace"',
    ]);
  });
});

describe('GET /api/v1/tasks (API-08)', () => {
  it('pages through all tasks, newest first, with a link to the next page', async () => {
    const made = [await accept(fixture.key), await accept(fixture.key), await accept(fixture.key)].reverse();
    const first = await fixture.call('GET', '/api/v1/tasks?limit=2&status=queued');
    const page = taskPage.parse(first.body);
    expect([page.data.map((task) => task.task_id), page.has_more]).toEqual([made.slice(0, 2), true]);
    const link = /<([^>]+)>; rel="next"/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
    const second = taskPage.parse((await fixture.call('GET', link)).body);
    expect(second.data[0]?.task_id).toBe(made[2]);
  });

  it.each(['limit=0', 'limit=201', 'limit=x', 'status=nope', 'cursor=nonsense', 'tenant=umbrella'])(
    'refuses ?%s',
    async (query) => {
      const answer = await fixture.call('GET', `/api/v1/tasks?${query}`);
      expect([answer.status, answer.body['code']]).toEqual([422, 'validation_failed']);
    },
  );
});

describe("other services' resources", () => {
  it('are handed on with a principal instead of the key, and their inner headers stay inside', async () => {
    const answer = await fixture.call('GET', `/api/v1/costs?task=${UNKNOWN_ID}`, {
      headers: { 'x-request-id': 'r-1' },
    });
    expect([answer.status, answer.body['asked'], answer.headers.get('x-secret')]).toEqual([
      200,
      `/api/v1/costs?task=${UNKNOWN_ID}`,
      null,
    ]);
    const handed = fixture.forwarded.at(-1)?.headers ?? {};
    const principal = await createPrincipalAuthenticator(PRINCIPAL_KEY, systemClock).authenticate(
      handed['authorization'],
    );
    expect([principal.tenantId, handed['x-request-id'], JSON.stringify(handed).includes(fixture.key)]).toEqual([
      'acme',
      'r-1',
      false,
    ]);
    expect(handed['traceparent']).toMatch(/^00-/);
  });

  it('are 503, not 401, while their service refuses the gateway: its clock is wrong, and the key is good', async () => {
    const headers = { 'x-request-id': 'refused' };
    const answer = await fixture.call('GET', `/api/v1/costs?task=${UNKNOWN_ID}`, { headers });
    expect([answer.status, answer.body['code']]).toEqual([503, 'service_unavailable']);
  });

  it('are 503 while their service does not answer', async () => {
    const answer = await fixture.call('GET', '/api/v1/webhooks/secret');
    expect([answer.status, answer.body['code'], answer.headers.get('retry-after')]).toEqual([
      503,
      'service_unavailable',
      '3',
    ]);
  });
});

describe('the edges', () => {
  it.each([
    ['PUT', '/api/v1/generate', 'POST'],
    ['POST', '/api/v1/tasks', 'GET'],
    ['QUERY', '/api/v1/tasks', 'GET'],
    ['PATCH', `/api/v1/tasks/${UNKNOWN_ID}`, 'GET, DELETE'],
  ])('%s %s is 405 with Allow', async (method, route, allow) => {
    const answer = await fixture.call(method, route);
    expect([answer.status, answer.body['code'], answer.headers.get('allow')]).toEqual([
      405,
      'method_not_allowed',
      allow,
    ]);
  });

  it.each(['/api/v1/nothing', '/.env', '/api/v1/status/', '/objects'])('GET %s is 404', async (route) => {
    expect((await fixture.call('GET', route)).body['code']).toBe('route_not_found');
  });

  it.each([
    '/objects/x?expires=1',
    '/objects/..%2f..%2fetc%2fpasswd',
    '/objects/%zz',
    '/objects/t/acme/1/1-1/v.mp4?expires=99999999999&signature=00',
  ])('GET %s gives nothing', async (route) => {
    expect([403, 404, 400]).toContain((await fixture.call('GET', route, { key: null })).status);
  });

  it.each([
    '/',
    '/app.js',
    '/api.js',
    '/view.js',
    '/app.css',
    '/favicon.svg',
    '/docs/errors',
    '/openapi.json',
    '/asyncapi.json',
    '/api/v1/health',
    '/health/live',
    '/health/ready',
  ])('GET %s is open, and carries the security headers', async (route) => {
    const answer = await fixture.call('GET', route, { key: null });
    expect([
      answer.status,
      answer.headers.get('x-content-type-options'),
      answer.headers.get('x-frame-options'),
    ]).toEqual([200, 'nosniff', 'DENY']);
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
  });

  it('the page has nothing inline and nothing from elsewhere', async () => {
    const { text, headers } = await fixture.call('GET', '/', { key: null });
    expect(text).not.toMatch(/<script(?![^>]*src=)|<style|\son\w+=|\sstyle=|(src|href)="https?:/);
    expect(headers.get('content-security-policy')).not.toMatch(/unsafe|\*/);
  });

  it('API-10: metrics need an administrator, as the first tenant is', async () => {
    const answer = await fixture.call('GET', '/api/v1/metrics');
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, expect.stringMatching(/^text\/plain/)]);
  });
});
