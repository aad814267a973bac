import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseCsv, type CsvLine } from './gpu-sharing-csv.js';
import { durationOf, secondsOf } from './trace-time.js';

/** A request of Alibaba's text-to-image trace (cluster-trace-v2026-GenAI) that ran. */
export interface DiffusionRequest {
  /** Since 1970. */
  readonly createdSeconds: number;
  readonly serviceSeconds: number;
  readonly succeeded: boolean;
  /** Who asked: the trace's anonymous group. */
  readonly group: string;
  /** `TXT_2_IMG`, `IMG_2_IMG`, `INPAINTING`: which pipeline over the model. */
  readonly pipeline: string;
  readonly model: string;
  readonly steps: number;
  readonly images: number;
}

const COLUMNS = [
  'gmt_create',
  'predict_type',
  'predict_status',
  'exec_time_seconds',
  'groupId',
  'num_images_per_prompt',
  'num_inference_steps',
  'checkpoint_model_version_id',
] as const;
const SERVICE_MAX_SECONDS = 86_400;
const STEPS_MAX = 10_000;
const IMAGES_MAX = 1_000;

export function readDiffusionRequests(path: string): readonly DiffusionRequest[] {
  return parseDiffusionRequests(readFileSync(path, 'utf8'), basename(path));
}

/** Requests that ran, in order of their lines; `file` is for the message of an error, which names line and field. */
export function parseDiffusionRequests(text: string, file: string): readonly DiffusionRequest[] {
  return parseCsv(text, file, COLUMNS, requestOf).filter((request) => request !== undefined);
}

/** Undefined for a request that was still pending when the trace was taken: it has no time, no model and no steps. */
function requestOf(line: CsvLine): DiffusionRequest | undefined {
  const status = line.text('predict_status');
  if (status === 'PENDING') return undefined;
  if (status !== 'SUCCEED' && status !== 'FAILED') line.refuse('predict_status', 'SUCCEED, FAILED or PENDING');
  return {
    createdSeconds: secondsOf(line, 'gmt_create'),
    serviceSeconds: durationOf(line, 'exec_time_seconds', SERVICE_MAX_SECONDS),
    succeeded: status === 'SUCCEED',
    group: named(line, 'groupId'),
    pipeline: named(line, 'predict_type'),
    model: named(line, 'checkpoint_model_version_id'),
    steps: line.whole('num_inference_steps', 1, STEPS_MAX),
    images: line.whole('num_images_per_prompt', 1, IMAGES_MAX),
  };
}

function named(line: CsvLine, column: string): string {
  const name = line.text(column);
  return name === '' ? line.refuse(column, 'a name') : name;
}
