import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ROUTES, SCOPES, type RouteDefinition } from '@millrace/contracts';
import { eventually, startWebhookReceiver, type WebhookReceiver } from '@millrace/test-kit';
import { startAllServices, type AllServices, type Answer } from './testing/all-services.js';

const START_MS = 120_000;
const KEY_HEADERS = { 'idempotency-key': 'the-same-key-of-two-tenants' };
/** What one tenant's rows hold, in words that occur nowhere else. */
const PROMPT = 'zebrafish over Ljubljana';
const METADATA = { order: 'kumquat-7431' };
const CALLBACK_PATH = '/only-the-owner-knows-this-path';
const NO_OPERATOR = SCOPES.filter((scope) => scope !== 'admin');
/** A body for each operation that takes one. */
const BODIES: Readonly<Record<string, unknown>> = { generate: { prompt: 'nothing', task_type: 'noop' } };

let services: AllServices;
let receiver: WebhookReceiver;
let owner: string;
let stranger: string;
/** A task of the owner that has ended, was charged and announced. */
let ended: string;
/** Another one that waits, for no worker runs its type. */
let waiting: string;
/** What must not be in any answer to the stranger. */
let secrets: readonly string[];
let before: readonly unknown[];

/** The owner's view of its own rows, over all services; without what tells of the fleet and of all tenants' queue. */
async function ownersView(): Promise<readonly unknown[]> {
  const routes = [ended, waiting].flatMap((id) => [
    ...[`/api/v1/tasks/${id}`, `/api/v1/costs?task=${id}`],
    `/api/v1/webhooks/deliveries?task=${id}`,
  ]);
  const answers = await Promise.all(routes.map((route) => services.call('GET', route, { key: owner })));
  return answers.map(({ body: { queue: _queue, waiting_reason: _reason, ...own } }) => own);
}

async function accept(taskType: string): Promise<string> {
  const body = {
    ...{ prompt: PROMPT, task_type: taskType, metadata: METADATA },
    callback_url: `${receiver.url}${CALLBACK_PATH}`,
  };
  const headers = taskType === 'noop' ? KEY_HEADERS : {};
  const answer = await services.call('POST', '/api/v1/generate', { key: owner, body, headers });
  return String(answer.body['task_id']);
}

beforeAll(async () => {
  [services, receiver] = [await startAllServices(), await startWebhookReceiver()];
  owner = await services.keyOf('umbrella', NO_OPERATOR);
  stranger = await services.keyOf('acme', NO_OPERATOR);
  ended = await accept('noop');
  waiting = await accept('ti2v-5B');
  await receiver.waitFor(1, { matching: ({ body }) => body.includes(ended), timeoutMs: 30_000 });
  await eventually(
    async () => {
      const costs = await services.call('GET', `/api/v1/costs?task=${ended}`, { key: owner });
      const deliveries = await services.call('GET', '/api/v1/webhooks/deliveries', { key: owner });
      expect([costs.body['state'], deliveries.body['data']]).toEqual(['charged', [expect.anything()]]);
      expect(deliveries.text).toContain('"delivered"');
      const task = await services.call('GET', `/api/v1/tasks/${ended}`, { key: owner });
      expect(task.body['usage']).toMatchObject({ final: true });
    },
    { timeoutMs: 30_000, intervalMs: 100 },
  );
  const secret = (await services.call('GET', '/api/v1/webhooks/secret', { key: owner })).body['secret'];
  const task = await services.call('GET', `/api/v1/tasks/${ended}`, { key: owner });
  expect(task.text).toContain(PROMPT);
  secrets = [PROMPT, METADATA.order, CALLBACK_PATH, String(secret), String(task.body['trace_id'])];
  before = await ownersView();
}, START_MS);

afterAll(async () => {
  await receiver?.close();
  await services?.close();
}, START_MS);

/** One request of the stranger, and where it names a row of the owner. */
interface Probe {
  readonly route: RouteDefinition;
  readonly names: 'nothing' | 'path' | 'query';
  readonly target: (id: string) => string;
}

/** Every operation, by all its places for an id: made from the contracts, so that none is forgotten. */
const PROBES: readonly Probe[] = ROUTES.flatMap((route): readonly Probe[] => {
  if (route.path.includes('{'))
    return [{ route, names: 'path', target: (id) => route.path.replaceAll(/\{[^}]+\}/g, id) }];
  return [
    { route, names: 'nothing', target: () => route.path },
    ...idFields(route).map((field): Probe => ({
      route,
      names: 'query',
      target: (id) => `${route.path}?${field}=${id}`,
    })),
  ];
});

/** Query parameters that are ids: they take a UUID, and no word. */
function idFields({ request }: RouteDefinition): readonly string[] {
  const query = request.query as { readonly shape?: Record<string, { safeParse(v: unknown): { success: boolean } }> };
  return Object.entries(query?.shape ?? {}).flatMap(([name, schema]) => {
    const takes = (text: string): boolean => schema.safeParse(text).success;
    return takes('01890a5d-ac96-774b-bcce-b302099a8057') && !takes('word') ? [name] : [];
  });
}

async function probe({ route, target }: Probe, id: string): Promise<Answer> {
  const body = BODIES[route.operationId];
  // Without a body of the right form a route would refuse before it looks for the row.
  expect(body !== undefined).toBe(route.request.body !== undefined);
  const isEndless = route.operationId === 'streamTaskEvents';
  return services.call(route.method, target(id), {
    key: stranger,
    headers: { ...KEY_HEADERS, ...(isEndless ? { accept: 'text/event-stream' } : {}) },
    ...(body === undefined ? {} : { body }),
  });
}

/** The owner's row does not exist for the stranger; what is the operator's is not for either of them. */
function expectDenied({ route, names }: Probe, { status, body }: Answer): void {
  if (route.access === 'admin') return expect(status).toBe(403);
  if (route.access === 'public') return expect(status).toBeLessThan(500);
  if (names === 'path') return expect(status).toBe(404);
  if (names === 'query' && status !== 404) return expect([status, body['data']]).toEqual([200, []]);
  // 422: it wants an id, and got none.
  if (names === 'nothing') expect([200, 202, 422]).toContain(status);
}

describe("P18: a key of one tenant, and another tenant's rows in all services", () => {
  it.each(PROBES.map((each) => [`${each.route.method} ${each.target('{id}')}`, each] as const))(
    '%s: 404 or nothing, and not a word of them',
    async (_name, each) => {
      for (const id of [ended, waiting]) {
        const answer = await probe(each, id);
        expectDenied(each, answer);
        for (const secret of secrets) expect(answer.text).not.toContain(secret);
        if (each.names === 'nothing') expect(answer.text).not.toContain(id);
      }
    },
  );

  it('after all of it the owner sees the same as before: nothing was cancelled, erased or made again', async () => {
    expect(await ownersView()).toEqual(before);
    const list = await services.call('GET', '/api/v1/tasks', { key: owner });
    expect((list.body['data'] as unknown[]).length).toBe(2);
  });

  it('looks at routes of every service, with ids in paths and in queries', () => {
    expect(new Set(PROBES.map(({ route }) => route.service))).toEqual(
      new Set(['gateway', 'scheduler', 'billing', 'notifier']),
    );
    for (const names of ['path', 'query', 'nothing'] as const)
      expect(PROBES.filter((each) => each.names === names).length).toBeGreaterThan(1);
  });
});
