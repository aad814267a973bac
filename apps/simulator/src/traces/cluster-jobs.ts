import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseCsv } from './gpu-sharing-csv.js';
import { durationOf, secondsOf } from './trace-time.js';

/** A job of a training cluster (Microsoft's Philly trace): a gang of GPUs for so long. Nothing tells whose it is. */
export interface ClusterJob {
  /** Since 1970. */
  readonly submittedSeconds: number;
  readonly durationSeconds: number;
  readonly gpus: number;
}

const COLUMNS = ['timestamp', 'duration', 'num_gpus'] as const;
const GPUS_MAX = 1_024;
const DURATION_MAX_SECONDS = 366 * 86_400;

export function readClusterJobs(path: string): readonly ClusterJob[] {
  return parseClusterJobs(readFileSync(path, 'utf8'), basename(path));
}

/** Parses the text, in order of its lines; `file` is for the message of an error, which names line and field. */
export function parseClusterJobs(text: string, file: string): readonly ClusterJob[] {
  return parseCsv(text, file, COLUMNS, (line) => ({
    submittedSeconds: secondsOf(line, 'timestamp'),
    durationSeconds: durationOf(line, 'duration', DURATION_MAX_SECONDS),
    gpus: line.whole('num_gpus', 1, GPUS_MAX),
  }));
}
