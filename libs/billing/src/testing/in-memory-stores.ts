import { toIso } from '@millrace/kernel';
import type { Charge } from '../domain/charge-task.js';
import type { RatedUsage } from '../domain/close-instance.js';
import { meet } from '../domain/overlap.js';
import type { CapacityChange } from '../domain/price-book.js';
import type { Segment } from '../domain/segment.js';
import { mergeClosure } from '../engine/close-attempts.js';
import type {
  BillingStores,
  ClosingStanding,
  CostReader,
  PostedEntry,
  SegmentStatus,
  StoredClosure,
} from '../engine/ports/index.js';
import { balancesByAttempt } from './attempt-balances.js';

/** What the in-memory stores hold; tests read it. */
export interface BillingState {
  segments: Map<string, Segment>;
  statuses: Map<string, SegmentStatus>;
  changes: Map<string, CapacityChange>;
  closures: Map<string, StoredClosure>;
  entries: Map<string, PostedEntry>;
  closings: Map<string, ClosingStanding>;
  charges: Map<string, { readonly charge: Charge; readonly chargedAtMs: number }>;
}

export interface InMemoryBilling {
  readonly stores: BillingStores;
  readonly reader: CostReader;
  readonly state: Readonly<BillingState>;
  /** For the unit of work: remembers the state; the function returned puts it back. */
  readonly snapshot: () => () => void;
}

/** The stores of billing in memory. Its unit of work runs one transaction at a time, so locks have nothing to do. */
export function createInMemoryBilling(): InMemoryBilling {
  const state: BillingState = {
    segments: new Map(),
    statuses: new Map(),
    changes: new Map(),
    closures: new Map(),
    entries: new Map(),
    closings: new Map(),
    charges: new Map(),
  };
  return {
    state,
    reader: readerOf(state),
    snapshot: () => {
      const copy = Object.fromEntries(Object.entries(state).map(([name, map]) => [name, new Map(map)]));
      return () => void Object.assign(state, copy);
    },
    stores: {
      locks: { instances: async () => {}, tasks: async () => {} },
      segments: segmentsOf(state),
      prices: pricesOf(state),
      closures: closuresOf(state),
      ledger: ledgerOf(state),
      charges: chargesOf(state),
    },
  };
}

function segmentsOf(state: BillingState): BillingStores['segments'] {
  const all = (): Segment[] => [...state.segments.values()];
  return {
    insert: async (segments) => segments.filter((each) => addNew(state.segments, each.segmentId, each)),
    meeting: async (segments) => {
      const known = new Set(segments.map(({ segmentId }) => segmentId));
      return all().filter((each) => known.has(each.segmentId) || segments.some((other) => meet(each, other)));
    },
    ofInstances: async (parts) =>
      all().filter(({ instanceId, endMs }) =>
        parts.some((part) => part.instanceId === instanceId && endMs > part.endingAfterMs),
      ),
    ofTasks: async (taskIds) => all().filter(({ work }) => work !== undefined && taskIds.includes(work.taskId)),
    statuses: async (segmentIds) => segmentIds.flatMap((id) => state.statuses.get(id) ?? []),
    saveStatuses: async (statuses) => {
      for (const status of statuses) state.statuses.set(status.segmentId, status);
    },
    ratedUsage: async (instanceIds) => ratedUsage(state, instanceIds),
  };
}

function ratedUsage(state: BillingState, instanceIds: readonly string[]): RatedUsage[] {
  const sums = new Map<string, RatedUsage>();
  for (const { segmentId, instanceId, gpu } of state.segments.values()) {
    if (!instanceIds.includes(instanceId)) continue;
    for (const { pricePerGpuHour, gpuMs, cost } of state.statuses.get(segmentId)?.rated ?? []) {
      const key = `${instanceId}/${gpu}/${pricePerGpuHour}`;
      const sum = sums.get(key) ?? { instanceId, gpu, pricePerGpuHour, gpuMs: 0, cost: 0n };
      sums.set(key, { ...sum, gpuMs: sum.gpuMs + gpuMs, cost: sum.cost + cost });
    }
  }
  return [...sums.values()];
}

function pricesOf(state: BillingState): BillingStores['prices'] {
  return {
    insert: async (changes) =>
      changes.filter((each) =>
        addNew(state.changes, `${each.instanceId}/${each.change}/${each.atMs}/${each.pricePerGpuHour}`, each),
      ),
    ofInstances: async (instanceIds) =>
      [...state.changes.values()].filter(({ instanceId }) => instanceIds.includes(instanceId)),
  };
}

function closuresOf(state: BillingState): BillingStores['closures'] {
  return {
    merge: async (closures) => {
      for (const closure of closures) {
        const key = `${closure.taskId}/${closure.attempt}/${closure.epoch}`;
        const first = state.closures.get(key);
        state.closures.set(key, first === undefined ? closure : mergeClosure(first, closure));
      }
    },
    ofTasks: async (taskIds) => [...state.closures.values()].filter(({ taskId }) => taskIds.includes(taskId)),
    lastClosedMs: async (instanceIds) => {
      const last = new Map<string, number>();
      for (const { instanceId, closedAtMs } of state.closures.values()) {
        if (instanceIds.includes(instanceId)) last.set(instanceId, Math.max(last.get(instanceId) ?? 0, closedAtMs));
      }
      return last;
    },
  };
}

function ledgerOf(state: BillingState): BillingStores['ledger'] {
  return {
    append: async (entries) => {
      for (const entry of entries) addNew(state.entries, entry.entryId, entry);
    },
    closings: async (instanceIds) =>
      [...state.closings.values()].filter(({ instanceId }) => instanceIds.includes(instanceId)),
    saveClosings: async (closings) => {
      for (const closing of closings) state.closings.set(`${closing.instanceId}/${closing.gpu}`, closing);
    },
  };
}

function chargesOf(state: BillingState): BillingStores['charges'] {
  return {
    charged: async (taskIds) => new Set(taskIds.filter((taskId) => state.charges.has(taskId))),
    insert: async (charges, chargedAtMs) =>
      charges
        .filter((charge) => addNew(state.charges, charge.taskId, { charge, chargedAtMs }))
        .map(({ taskId }) => taskId),
  };
}

function readerOf(state: BillingState): CostReader {
  return {
    ofTask: async (tenantId, taskId) => {
      const entries = [...state.entries.values()].filter(
        ({ context }) => context.work?.taskId === taskId && context.work.tenantId === tenantId,
      );
      const closures = [...state.closures.values()].filter(
        (each) => each.taskId === taskId && each.tenantId === tenantId,
      );
      const charged = state.charges.get(taskId);
      if (entries.length === 0 && closures.length === 0) return undefined;
      return {
        taskId,
        balances: balancesByAttempt(entries),
        outcomes: closures,
        pricePerGpuHour: lastPrice(state, taskId),
        chargedAt: charged === undefined ? undefined : toIso(charged.chargedAtMs),
      };
    },
  };
}

function lastPrice(state: BillingState, taskId: string): bigint | undefined {
  const last = [...state.segments.values()]
    .filter(({ work, segmentId }) => work?.taskId === taskId && (state.statuses.get(segmentId)?.rated.length ?? 0) > 0)
    .sort((a, b) => (a.work?.attempt ?? 0) - (b.work?.attempt ?? 0) || a.startMs - b.startMs || a.seq - b.seq)
    .at(-1);
  return state.statuses.get(last?.segmentId ?? '')?.rated.at(-1)?.pricePerGpuHour;
}

function addNew<Value>(map: Map<string, Value>, key: string, value: Value): boolean {
  if (map.has(key)) return false;
  map.set(key, value);
  return true;
}
