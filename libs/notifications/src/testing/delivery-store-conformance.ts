import { beforeEach, describe, expect, it } from '@jest/globals';
import { afterTry } from '../domain/delivery.js';
import type { DeliveryStore, SecretStore } from '../engine/ports/index.js';
import { seededRng } from '@millrace/kernel';
import { aDelivery } from './a-delivery.js';

const TAKE = { limit: 10, perEndpoint: 10, holdMs: 60_000 };
const FAILED = { statusCode: 500, latencyMs: 12, error: 'status_5xx' } as const;

/** What every delivery store must do. `makeStore` gives an empty one. */
export function deliveryStoreConformance(name: string, makeStore: () => Promise<DeliveryStore>): void {
  describe(`delivery store: ${name}`, () => {
    let store: DeliveryStore;
    beforeEach(async () => {
      store = await makeStore();
    });

    it('holds one delivery per event and URL, however often it is added', async () => {
      const delivery = aDelivery();
      await store.add([delivery]);
      await store.add([
        { ...delivery, id: aDelivery().id },
        { ...delivery, id: aDelivery().id, url: 'https://example.com/other' },
      ]);
      expect(await store.takeDue(1000, TAKE)).toHaveLength(2);
    });

    it('takes what is due, oldest first, and keeps it from others while it is held', async () => {
      const [late, early, future] = [
        aDelivery({ nextTryAt: 900 }),
        aDelivery({ nextTryAt: 100 }),
        aDelivery({ nextTryAt: 5000 }),
      ];
      await store.add([late, early, future]);
      expect((await store.takeDue(1000, TAKE)).map(({ id }) => id)).toEqual([early.id, late.id]);
      expect(await store.takeDue(1000, TAKE)).toEqual([]);
      expect(await store.takeDue(61_001, TAKE)).toHaveLength(3);
    });

    it('gives the delivery back as it was added', async () => {
      const delivery = aDelivery({
        traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
        content: { data: { n: 1, s: 'ü' }, resultKey: 't/a/video.mp4' },
      });
      await store.add([delivery]);
      expect(await store.takeDue(1000, TAKE)).toEqual([delivery]);
    });

    it('takes no more of one endpoint than may run at once, and all of another', async () => {
      const slow = Array.from({ length: 5 }, () => aDelivery({ url: 'https://slow.example/hook' }));
      await store.add([...slow, aDelivery({ url: 'https://fast.example/hook', nextTryAt: 1000 })]);
      const taken = await store.takeDue(1000, { ...TAKE, perEndpoint: 2 });
      expect(taken.map(({ url }) => url).sort()).toEqual([
        'https://fast.example/hook',
        'https://slow.example/hook',
        'https://slow.example/hook',
      ]);
      expect(await store.takeDue(1000, { ...TAKE, perEndpoint: 2 })).toEqual([]);
    });

    it('records tries, schedules the next and logs each', async () => {
      const delivery = aDelivery();
      await store.add([delivery]);
      await store.takeDue(1000, TAKE);
      const next = afterTry(delivery, FAILED, 1000, seededRng(1));
      await store.recordTries([
        { delivery: next, logged: { deliveryId: delivery.id, number: 1, at: 1000, outcome: FAILED } },
      ]);
      expect(await store.nextDueAt()).toBe(next.nextTryAt);
      expect(await store.list('acme', { limit: 10 })).toEqual([
        { delivery: next, tries: [{ deliveryId: delivery.id, number: 1, at: 1000, outcome: FAILED }] },
      ]);
    });

    it('lists one tenant only, newest first, in pages, by task', async () => {
      const deliveries = [1, 2, 3].map((createdAt) => aDelivery({ createdAt }));
      await store.add([...deliveries, aDelivery({ tenantId: 'other' })]);
      const first = await store.list('acme', { limit: 2 });
      expect(first.map(({ delivery }) => delivery.createdAt)).toEqual([3, 2]);
      const before = first[1]!.delivery;
      expect((await store.list('acme', { limit: 2, before })).map(({ delivery }) => delivery.createdAt)).toEqual([1]);
      expect(await store.list('acme', { limit: 2, taskId: deliveries[0]!.taskId })).toHaveLength(1);
    });

    it('removes old final deliveries, never a pending one', async () => {
      const [done, waiting] = [aDelivery({ state: 'delivered', nextTryAt: null }), aDelivery()];
      await store.add([done, waiting]);
      expect(await store.removeBefore(2000, 10)).toBe(1);
      expect((await store.list('acme', { limit: 10 })).map(({ delivery }) => delivery.id)).toEqual([waiting.id]);
    });
  });
}

/** What every secret store must do. */
export function secretStoreConformance(name: string, makeStore: () => Promise<SecretStore>): void {
  describe(`secret store: ${name}`, () => {
    it('keeps the first secret of a tenant, also when many ask at once', async () => {
      const store = await makeStore();
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, index) =>
          store.readOrCreate('acme', { current: `whsec_${index}`, createdAt: index }),
        ),
      );
      expect(new Set(answers.map(({ current }) => current)).size).toBe(1);
      expect(await store.readOrCreate('acme', { current: 'whsec_new', createdAt: 99 })).toEqual(answers[0]);
    });
  });
}
