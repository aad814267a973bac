import type { QueueReading } from './ports/task-store.port.js';

/** Tenants in lanes that a cycle walks through (ADR 14). */
const GROUPS_MAX = 4_096;
/** Tasks that all windows together hold, for each task that one may: 2,048 at first, four times what a cycle places. */
const WINDOWS_FULL = 32;
const ROWS_MAX = 32_768;

/** What a cycle reads that looks at so many tasks of each tenant in each lane. */
export function readingOf(perTenant: number): QueueReading {
  return { perTenant, groupsMax: GROUPS_MAX, rowsMax: rowsMaxOf(perTenant) };
}

/** How many of each that was, with so many tenants in lanes: their windows share the rows. */
export function shownOfEach(perTenant: number, groups: number): number {
  return Math.max(1, Math.min(perTenant, Math.floor(rowsMaxOf(perTenant) / Math.max(1, groups))));
}

function rowsMaxOf(perTenant: number): number {
  return Math.min(ROWS_MAX, perTenant * WINDOWS_FULL);
}
