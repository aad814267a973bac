import { describe, expect, it } from '@jest/globals';
import { taskCompleted, taskFailed, taskStarted } from '@millrace/contracts';
import { VirtualClock, seededRng, silentLogger, uuidv7 } from '@millrace/kernel';
import { createPropagatingTracer } from '@millrace/messaging';
import { createInMemoryUnitOfWork, receivedEvent } from '@millrace/messaging/testing';
import { RETRY_SCHEDULE_MS } from '../domain/retry-schedule.js';
import { InMemoryDeliveryStore } from '../testing/in-memory-delivery-store.js';
import { InMemorySecretStore } from '../testing/in-memory-secret-store.js';
import { ScriptedWebhookSender } from '../testing/scripted-webhook-sender.js';
import { DeliveryLoop } from './delivery-loop.js';
import { PlanDeliveries } from './plan-deliveries.js';
import { ReadSecrets } from './read-secrets.js';
import { SendDeliveries } from './send-deliveries.js';
import type { TryOutcome } from '../domain/delivery.js';
import type { WebhookRequest } from './ports/index.js';

const CALLBACK = { callbackUrl: 'https://example.com/hook?token=1' };
const ARTIFACTS = [
  { id: 'a1', kind: 'video' as const, key: 't/acme/1/1-1/video.mp4', mediaType: 'video/mp4', bytes: 1234, sha256: 'x' },
];

interface Surviving {
  readonly clock: VirtualClock;
  readonly deliveries: InMemoryDeliveryStore;
}

function notifier(
  sender: ScriptedWebhookSender = new ScriptedWebhookSender(),
  { clock, deliveries }: Surviving = { clock: new VirtualClock(), deliveries: new InMemoryDeliveryStore() },
) {
  const rng = seededRng(3);
  const secretStore = new InMemorySecretStore();
  const secrets = new ReadSecrets(secretStore, clock, rng);
  const { unitOfWork, published } = createInMemoryUnitOfWork({ deliveries }, { clock });
  const urls = { signedUrl: async (key: string) => `https://objects.example/${key}?at=${clock.monotonicMs()}` };
  const sending = new SendDeliveries({
    unitOfWork,
    sender,
    secrets,
    urls,
    clock,
    rng,
    tracer: createPropagatingTracer(rng),
    logger: silentLogger,
  });
  const loop = new DeliveryLoop(sending, deliveries, clock, silentLogger);
  const plan = new PlanDeliveries(unitOfWork, clock, { next: () => uuidv7(clock.now(), rng) }, () => loop.wake());
  return { clock, plan, loop, deliveries, secretStore, secrets, sender, published };
}

describe('a task that ended is announced (NTF-01)', () => {
  it('sends the status body, signed with the tenant’s secret, with a URL made at the try', async () => {
    const { clock, plan, loop, sender, secrets, published } = notifier();
    const event = receivedEvent(
      taskCompleted,
      { ...CALLBACK, artifacts: ARTIFACTS, media: { durationS: 4, width: 832, height: 480 }, processingMs: 14_000 },
      { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` },
    );
    loop.start();
    await plan.run('notifier.lifecycle', [event]);
    await clock.advance(10);
    expect(sender.requests).toHaveLength(1);
    const request = sender.requests[0]!;
    expect(request).toMatchObject({
      url: CALLBACK.callbackUrl,
      eventId: event.id,
      secrets: [(await secrets.run('acme')).current],
    });
    expect(request.traceparent).toContain('a'.repeat(32));
    expect(JSON.parse(request.body)).toMatchObject({
      type: 'task.completed',
      timestamp: event.data.occurredAt,
      data: {
        task_id: event.data.taskId,
        status: 'completed',
        sequence: 4,
        progress: 100,
        result_url: expect.stringContaining('video.mp4?at='),
        duration: 4,
        resolution: '832x480',
        file_size: 1234,
        processing_time: 14,
        error: null,
        trace_id: 'a'.repeat(32),
      },
    });
    expect(published.map(({ definition, data }) => [definition.type, (data as { endpoint: string }).endpoint])).toEqual(
      [['io.millrace.notification.delivered.v1', 'https://example.com']],
    );
    const stopped = loop.stop();
    await clock.advance(1);
    await stopped;
  });

  it('tells why a task failed', async () => {
    const { clock, plan, loop, sender } = notifier();
    await plan.run('notifier.lifecycle', [receivedEvent(taskFailed, CALLBACK)]);
    loop.start();
    await clock.advance(10);
    expect(JSON.parse(sender.requests[0]!.body).data).toMatchObject({
      status: 'failed',
      error: 'The engine stopped.',
      error_code: 'engine_crashed',
      result_url: null,
    });
  });

  it('plans nothing for running tasks and for tasks without a callback, and once for a redelivered event (P3)', async () => {
    const { clock, plan, loop, sender } = notifier();
    const event = receivedEvent(taskCompleted, CALLBACK);
    await plan.run('notifier.lifecycle', [receivedEvent(taskStarted), receivedEvent(taskCompleted), event]);
    await plan.run('notifier.lifecycle', [event]);
    loop.start();
    await clock.advance(10_000);
    expect(sender.requests.map(({ eventId }) => eventId)).toEqual([event.id]);
  });
});

describe('a notifier that is killed (P14)', () => {
  class DyingSender extends ScriptedWebhookSender {
    override async send(request: WebhookRequest): Promise<TryOutcome> {
      await super.send(request);
      // The receiver has it, and the process is gone before it hears the answer.
      return new Promise(() => {});
    }
  }

  it('between send and record sends again after its hold, under the same webhook-id, and then records one delivery', async () => {
    const killed = notifier(new DyingSender());
    const event = receivedEvent(taskCompleted, CALLBACK);
    await killed.plan.run('notifier.lifecycle', [event]);
    killed.loop.start();
    await killed.clock.advance(10);
    void killed.loop.stop();
    const next = notifier(new ScriptedWebhookSender(), killed);
    next.loop.start();
    await next.clock.advance(30_000);
    expect(next.sender.requests).toEqual([]);
    await next.clock.advance(40_000);
    const requests = [...killed.sender.requests, ...next.sender.requests];
    expect(requests.map(({ eventId }) => eventId)).toEqual([event.id, event.id]);
    const [logged] = await next.deliveries.list('acme', { limit: 1 });
    expect(logged!.delivery).toMatchObject({ state: 'delivered', tries: 1 });
  });

  it('whose record is lost with its connection sends again too', async () => {
    class LosingStore extends InMemoryDeliveryStore {
      records = 0;

      override recordTries(...args: Parameters<InMemoryDeliveryStore['recordTries']>): Promise<void> {
        this.records += 1;
        return this.records === 1 ? Promise.reject(new Error('connection lost')) : super.recordTries(...args);
      }
    }
    const { clock, plan, loop, sender, deliveries, published } = notifier(new ScriptedWebhookSender(), {
      clock: new VirtualClock(),
      deliveries: new LosingStore(),
    });
    await plan.run('notifier.lifecycle', [receivedEvent(taskCompleted, CALLBACK)]);
    loop.start();
    await clock.advance(70_000);
    expect([sender.requests.length, published.length]).toEqual([2, 1]);
    expect((await deliveries.list('acme', { limit: 1 }))[0]!.delivery).toMatchObject({ state: 'delivered', tries: 1 });
  });
});

describe('a receiver that does not answer 2xx', () => {
  it('gets ten tries with the same webhook-id over 75.6 hours, then the delivery has failed (P14)', async () => {
    const { clock, plan, loop, sender, deliveries } = notifier(
      new ScriptedWebhookSender([{ statusCode: 500, error: 'status_5xx' }]),
    );
    await plan.run('notifier.lifecycle', [receivedEvent(taskCompleted, CALLBACK)]);
    loop.start();
    for (const delay of RETRY_SCHEDULE_MS) await clock.advance(delay * 1.25 + 10_000);
    expect(sender.requests).toHaveLength(10);
    expect(new Set(sender.requests.map(({ eventId }) => eventId)).size).toBe(1);
    const [logged] = await deliveries.list('acme', { limit: 1 });
    expect(logged!.delivery).toMatchObject({ state: 'failed', tries: 10, nextTryAt: null });
    expect(logged!.tries).toHaveLength(10);
  }, 60_000);

  it('is not tried again after 410, and is delivered by a later try', async () => {
    const gone = notifier(new ScriptedWebhookSender([{ statusCode: 410, error: 'gone' }]));
    const late = notifier(new ScriptedWebhookSender([{ statusCode: 503, error: 'status_5xx' }, {}]));
    for (const { plan, loop, clock } of [gone, late]) {
      await plan.run('notifier.lifecycle', [receivedEvent(taskCompleted, CALLBACK)]);
      loop.start();
      await clock.advance(20_000);
    }
    expect((await gone.deliveries.list('acme', { limit: 1 }))[0]!.delivery).toMatchObject({
      state: 'failed',
      tries: 1,
    });
    expect((await late.deliveries.list('acme', { limit: 1 }))[0]!.delivery).toMatchObject({
      state: 'delivered',
      tries: 2,
    });
  });

  it('holds up nobody else (P16)', async () => {
    const hanging = { send: () => new Promise<never>(() => {}) };
    const { clock, plan, loop, sender } = notifier();
    const slow = notifier(hanging as never);
    await slow.plan.run('n', [receivedEvent(taskCompleted, CALLBACK)]);
    await plan.run('n', [receivedEvent(taskCompleted, CALLBACK)]);
    slow.loop.start();
    loop.start();
    await clock.advance(10);
    await slow.clock.advance(10);
    await slow.plan.run('n', [receivedEvent(taskCompleted, { callbackUrl: 'https://other.example/' })]);
    await slow.clock.advance(10);
    expect(sender.requests).toHaveLength(1);
    expect((await slow.deliveries.list('acme', { limit: 9 })).map(({ delivery }) => delivery.state)).toEqual([
      'pending',
      'pending',
    ]);
    expect(await slow.deliveries.takeDue(slow.clock.now(), { limit: 9, perEndpoint: 9, holdMs: 1 })).toEqual([]);
  });
});

describe('rotation (P15)', () => {
  it('signs with both secrets until the old one expires', async () => {
    const { clock, secrets, secretStore } = notifier();
    secretStore.set('acme', {
      current: 'whsec_new',
      createdAt: 0,
      previous: { secret: 'whsec_old', expiresAt: clock.now() + 1000 },
    });
    expect(await secrets.signing('acme')).toEqual(['whsec_new', 'whsec_old']);
    await clock.advance(1000);
    expect(await secrets.signing('acme')).toEqual(['whsec_new']);
  });
});
