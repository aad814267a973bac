import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseCsv, type CsvLine } from './gpu-sharing-csv.js';

/** What a pod of Alibaba's GPU sharing trace asks for (`openb_pod_list_*.csv`). */
export interface SharingPod {
  readonly cpuMilli: number;
  readonly memoryMib: number;
  readonly gpus: number;
  /** Thousandths of each of the GPUs: 1000 is a whole one, 0 where there is none. */
  readonly gpuMilli: number;
  /** GPU models it may run on, sorted, each once; empty: any. */
  readonly models: readonly string[];
}

const COLUMNS = ['cpu_milli', 'memory_mib', 'num_gpu', 'gpu_milli', 'gpu_spec'] as const;
const AMOUNT_MAX = 2 ** 31 - 1;
const GPUS_MAX = 16;

export function readSharingPods(path: string): readonly SharingPod[] {
  return parseSharingPods(readFileSync(path, 'utf8'), basename(path));
}

/** Parses the text; `file` is for the message of an error, which names line and field. */
export function parseSharingPods(text: string, file: string): readonly SharingPod[] {
  return parseCsv(text, file, COLUMNS, podOf);
}

/** The name of a pod list: its file's without prefix and extension, `default` for `openb_pod_list_default.csv`. */
export function podListName(path: string): string {
  return basename(path)
    .replace(/\.csv$/, '')
    .replace(/^openb_pod_list_/, '');
}

function podOf(line: CsvLine): SharingPod {
  const gpus = line.whole('num_gpu', 0, GPUS_MAX);
  return {
    cpuMilli: line.whole('cpu_milli', 0, AMOUNT_MAX),
    memoryMib: line.whole('memory_mib', 0, AMOUNT_MAX),
    gpus,
    gpuMilli: gpus === 0 ? 0 : line.whole('gpu_milli', 1, 1000),
    models: [...new Set(line.text('gpu_spec').split('|'))].filter((model) => model !== '').sort(),
  };
}
