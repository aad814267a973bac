import { AppError } from '@millrace/kernel';

const SEGMENT_PATTERN = /^[A-Za-z0-9._-]{1,128}$/;
const CHECKPOINT_PATTERN = /\/\d+-(\d+)\/checkpoints\/[^/]+$/;

/** The attempt whose objects are meant. */
export interface AttemptPlace {
  readonly tenantId: string;
  readonly taskId: string;
  readonly attempt: number;
  readonly epoch: number;
}

/** `t/<tenant>/<task>/<attempt>-<epoch>`: one lease, one folder, so that a zombie can't touch its successor's files. */
export function attemptPrefix(place: AttemptPlace): string {
  return `t/${keySegment(place.tenantId)}/${keySegment(place.taskId)}/${place.attempt}-${place.epoch}`;
}

export function artifactKey(place: AttemptPlace, name: string): string {
  return `${attemptPrefix(place)}/${keySegment(name)}`;
}

/** The manifest of a checkpoint; its pack of new blobs lies beside it. */
export function checkpointKeys(
  place: AttemptPlace,
  step: number,
): { readonly manifest: string; readonly pack: string } {
  const stem = `${attemptPrefix(place)}/checkpoints/${String(step).padStart(6, '0')}`;
  return { manifest: `${stem}.json`, pack: `${stem}.pack` };
}

/** Whether a key is that of a manifest or a pack, made under this lease or one before it. */
export function isCheckpointUpTo(epoch: number, key: string): boolean {
  const madeUnder = CHECKPOINT_PATTERN.exec(key)?.[1];
  return madeUnder !== undefined && Number(madeUnder) <= epoch;
}

/** `t/<tenant>/<task>/`: what every checkpoint named to a worker must lie under. */
export function taskPrefix(place: Pick<AttemptPlace, 'tenantId' | 'taskId'>): string {
  return `t/${keySegment(place.tenantId)}/${keySegment(place.taskId)}/`;
}

function keySegment(value: string): string {
  if (SEGMENT_PATTERN.test(value) && value !== '.' && value !== '..') return value;
  throw new AppError({
    kind: 'internal',
    code: 'internal_error',
    message: `"${value}" can not be part of an object key; use letters, digits, dot, dash and underscore.`,
    retriable: false,
  });
}
