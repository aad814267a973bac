import type { capacityChanged, EventData } from '@millrace/contracts';
import type { ReceivedEvent, UnitOfWork } from '@millrace/messaging/ports';
import type { CapacityChange } from '../domain/price-book.js';
import { unique } from './grouping.js';
import type { BillingScope } from './ports/billing-scope.port.js';
import type { SettleBooks } from './settle-books.js';

type CapacityChanged = EventData<typeof capacityChanged>;

export const CAPACITY_CONSUMER = 'billing.capacity';

/** Keeps the price book (BIL-01): rates what waited for a price, cuts at a new one, closes what is held no more. */
export class ChangeCapacity {
  constructor(
    private readonly unitOfWork: UnitOfWork<BillingScope>,
    private readonly books: SettleBooks,
  ) {}

  async apply(events: readonly ReceivedEvent<CapacityChanged>[]): Promise<void> {
    await this.unitOfWork.run(async (scope) => {
      const fresh = (await scope.inbox.claim(CAPACITY_CONSUMER, events)) as readonly ReceivedEvent<CapacityChanged>[];
      const changes = fresh.map(({ data }) => changeOf(data));
      if (changes.length === 0) return;
      await scope.locks.instances(unique(changes.map(({ instanceId }) => instanceId)));
      const inserted = await scope.prices.insert(changes);
      if (inserted.length === 0) return;
      await this.books.settle(scope, {
        segments: await scope.segments.ofInstances(inserted.map(affectedPart)),
        taskIds: [],
        instanceIds: unique(inserted.map(({ instanceId }) => instanceId)),
      });
    });
  }
}

/** An opening rates all that waited; a price or an end changes what lies after it. */
function affectedPart({ instanceId, change, atMs }: CapacityChange): { instanceId: string; endingAfterMs: number } {
  return { instanceId, endingAfterMs: change === 'opened' ? -1 : atMs };
}

function changeOf(data: CapacityChanged): CapacityChange {
  return {
    instanceId: data.instanceId,
    pool: data.pool,
    change: data.change,
    gpus: data.gpus,
    capacity: data.capacity,
    pricePerGpuHour: BigInt(data.pricePerGpuHour),
    atMs: data.at,
  };
}
