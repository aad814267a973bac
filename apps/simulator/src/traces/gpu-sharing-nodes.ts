import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseCsv } from './gpu-sharing-csv.js';

/** A node of Alibaba's GPU sharing trace (kubernetes-scheduler-simulator, `openb_node_list_*.csv`). */
export interface SharingNode {
  readonly name: string;
  readonly cpuMilli: number;
  readonly memoryMib: number;
  readonly gpus: number;
  /** GPU model; empty for a node without GPUs. */
  readonly model: string;
}

const COLUMNS = ['sn', 'cpu_milli', 'memory_mib', 'gpu', 'model'] as const;
const AMOUNT_MAX = 2 ** 31 - 1;
const GPUS_MAX = 16;

export function readSharingNodes(path: string): readonly SharingNode[] {
  return parseSharingNodes(readFileSync(path, 'utf8'), basename(path));
}

/** Parses the text; `file` is for the message of an error, which names line and field. */
export function parseSharingNodes(text: string, file: string): readonly SharingNode[] {
  return parseCsv(text, file, COLUMNS, (line) => ({
    name: line.text('sn'),
    cpuMilli: line.whole('cpu_milli', 0, AMOUNT_MAX),
    memoryMib: line.whole('memory_mib', 0, AMOUNT_MAX),
    gpus: line.whole('gpu', 0, GPUS_MAX),
    model: line.text('model'),
  }));
}
