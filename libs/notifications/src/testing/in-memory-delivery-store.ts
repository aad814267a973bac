import type { Instant } from '@millrace/kernel';
import type { Delivery, DeliveryTry } from '../domain/delivery.js';
import type { DeliveryPage, DeliveryStore, LoggedDelivery } from '../engine/ports/index.js';
import { originOf } from '../engine/send-deliveries.js';

/** The delivery store in memory. */
export class InMemoryDeliveryStore implements DeliveryStore {
  private readonly deliveries = new Map<string, Delivery>();
  private readonly heldUntil = new Map<string, Instant>();
  private readonly log: DeliveryTry[] = [];

  /** Deliveries without a final state. */
  pendingCount(): number {
    return [...this.deliveries.values()].filter(({ state }) => state === 'pending').length;
  }

  /** Remembers the rows; the function returned puts them back. */
  snapshot(): () => void {
    const [deliveries, held, logged] = [[...this.deliveries], [...this.heldUntil], this.log.length];
    return () => {
      this.deliveries.clear();
      this.heldUntil.clear();
      for (const [id, delivery] of deliveries) this.deliveries.set(id, delivery);
      for (const [id, until] of held) this.heldUntil.set(id, until);
      this.log.length = logged;
    };
  }

  async add(deliveries: readonly Delivery[]): Promise<void> {
    for (const delivery of deliveries) {
      const known = [...this.deliveries.values()].some(
        (other) => other.eventId === delivery.eventId && other.url === delivery.url,
      );
      if (!known) this.deliveries.set(delivery.id, delivery);
    }
  }

  async takeDue(now: Instant, options: Parameters<DeliveryStore['takeDue']>[1]): Promise<readonly Delivery[]> {
    const taken: Delivery[] = [];
    const heldOf = new Map<string, number>();
    for (const [id, until] of this.heldUntil) {
      const origin = originOf(this.deliveries.get(id)?.url ?? '');
      if (until > now) heldOf.set(origin, (heldOf.get(origin) ?? 0) + 1);
    }
    for (const delivery of this.due(now)) {
      const origin = originOf(delivery.url);
      const held = heldOf.get(origin) ?? 0;
      if (taken.length >= options.limit || held >= options.perEndpoint) continue;
      heldOf.set(origin, held + 1);
      this.heldUntil.set(delivery.id, now + options.holdMs);
      taken.push(delivery);
    }
    return taken;
  }

  async recordTries(results: readonly { readonly delivery: Delivery; readonly logged: DeliveryTry }[]): Promise<void> {
    for (const { delivery, logged } of results) {
      this.deliveries.set(delivery.id, delivery);
      this.heldUntil.delete(delivery.id);
      this.log.push(logged);
    }
  }

  async nextDueAt(): Promise<Instant | undefined> {
    const times = [...this.deliveries.values()].flatMap(({ id, nextTryAt }) =>
      nextTryAt === null ? [] : [Math.max(nextTryAt, this.heldUntil.get(id) ?? 0)],
    );
    return times.length === 0 ? undefined : Math.min(...times);
  }

  async list(tenantId: string, page: DeliveryPage): Promise<readonly LoggedDelivery[]> {
    return [...this.deliveries.values()]
      .filter(
        (delivery) => delivery.tenantId === tenantId && (page.taskId === undefined || delivery.taskId === page.taskId),
      )
      .sort((a, b) => b.createdAt - a.createdAt || (b.id > a.id ? 1 : -1))
      .filter(
        ({ createdAt, id }) =>
          page.before === undefined ||
          createdAt < page.before.createdAt ||
          (createdAt === page.before.createdAt && id < page.before.id),
      )
      .slice(0, page.limit)
      .map((delivery) => ({ delivery, tries: this.log.filter((logged) => logged.deliveryId === delivery.id) }));
  }

  async removeBefore(cutoff: Instant, limit: number): Promise<number> {
    const old = [...this.deliveries.values()]
      .filter(({ state, createdAt }) => state !== 'pending' && createdAt < cutoff)
      .slice(0, limit);
    for (const { id } of old) this.deliveries.delete(id);
    return old.length;
  }

  private due(now: Instant): readonly Delivery[] {
    return [...this.deliveries.values()]
      .filter(({ id, nextTryAt }) => nextTryAt !== null && nextTryAt <= now && (this.heldUntil.get(id) ?? 0) <= now)
      .sort((a, b) => (a.nextTryAt ?? 0) - (b.nextTryAt ?? 0));
  }
}
