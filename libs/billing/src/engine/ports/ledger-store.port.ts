import type { Entry, Standing } from '../../domain/ledger.js';

/** What an entry is about, for reading it back. */
export interface EntryContext {
  readonly instanceId: string;
  readonly gpu: number;
  /** Absent for the instance's own time. */
  readonly work:
    | { readonly tenantId: string; readonly taskId: string; readonly attempt: number; readonly epoch: number }
    | undefined;
}

export interface PostedEntry extends Entry {
  readonly context: EntryContext;
}

export interface ClosingStanding {
  readonly instanceId: string;
  readonly gpu: number;
  readonly standing: Standing;
}

/** Insert-only, double entry. Not part of this port: changing or removing anything. */
export interface LedgerStore {
  /** Appends entries; an entry id that is there is left alone. */
  append(entries: readonly PostedEntry[], postedAtMs: number): Promise<void>;
  /** What the ledger says of the closing of instances, GPU by GPU; those never closed are left out. */
  closings(instanceIds: readonly string[]): Promise<readonly ClosingStanding[]>;
  saveClosings(closings: readonly ClosingStanding[]): Promise<void>;
}
