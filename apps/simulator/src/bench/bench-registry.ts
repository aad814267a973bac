import { gpuSharingCell } from '../cells/gpu-sharing/gpu-sharing-cell.js';
import { queueingCell } from '../cells/queueing/queueing-cell.js';
import { speedCell } from '../cells/speed/speed-cell.js';
import { spotMultiZoneCell } from '../cells/spot-multi-zone/spot-multi-zone-cell.js';
import { spotSingleZoneCell } from '../cells/spot-single-zone/spot-single-zone-cell.js';
import type { BenchmarkCell } from './benchmark-cell.js';

/** A cell that can be run, and its place in docs/benchmarks/scheduling.md. */
export interface RegisteredCell {
  readonly cell: BenchmarkCell;
  readonly heading: string;
  /** Whether it reads recorded data; without, `--data` may be left out. */
  readonly needsData: boolean;
}

/** Every cell, in the order of scheduling.md section 2. */
export const BENCH_CELLS: readonly RegisteredCell[] = [
  { cell: spotSingleZoneCell, heading: 'Cell U: one zone, one job', needsData: true },
  { cell: spotMultiZoneCell, heading: 'Cell S: several zones, one job', needsData: true },
  { cell: gpuSharingCell, heading: 'Cell F: placement with sharing', needsData: true },
  { cell: queueingCell, heading: 'Cell Q: queueing', needsData: true },
  { cell: speedCell, heading: 'Cell speed: pure decisions', needsData: false },
];
