import type { CapacityChange } from '../../domain/price-book.js';

/** What the scheduler said of instances. The same change twice is one change. */
export interface PriceBookStore {
  /** Stores the new ones and returns them. */
  insert(changes: readonly CapacityChange[]): Promise<readonly CapacityChange[]>;
  ofInstances(instanceIds: readonly string[]): Promise<readonly CapacityChange[]>;
}
