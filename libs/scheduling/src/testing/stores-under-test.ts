import type { SchedulingStores } from '../engine/ports/scheduling-scope.port.js';

/** The stores of one implementation. `run` is one transaction; a rejection of `work` rolls it back. */
export interface StoresUnderTest {
  run<Result>(work: (stores: SchedulingStores) => Promise<Result>): Promise<Result>;
  /** Forgets every row. */
  clear(): Promise<void>;
  close?(): Promise<void>;
}
