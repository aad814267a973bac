import { AppError } from '@millrace/kernel';

/** Longest key, in characters. */
export const OBJECT_KEY_LENGTH_MAX = 512;
const SEGMENT_PATTERN = /^[A-Za-z0-9._-]{1,255}$/;

/** True for keys of the object store port: `/`-separated segments of [A-Za-z0-9._-], none of them `.` or `..`. */
export function isObjectKey(key: string): boolean {
  if (key.length === 0 || key.length > OBJECT_KEY_LENGTH_MAX) return false;
  return key.split('/').every((segment) => SEGMENT_PATTERN.test(segment) && segment !== '.' && segment !== '..');
}

/** Refuses a key that could name anything but an object: no traversal reaches the disk or the bucket. */
export function assertObjectKey(key: string): void {
  if (isObjectKey(key)) return;
  throw new AppError({
    kind: 'validation',
    code: 'validation_failed',
    message: `"${key.slice(0, 80)}" is no object key: use "/"-separated segments of letters, digits, ".", "_" and "-".`,
  });
}

/** The last segment of a key: the name that a download gets when none is asked for. */
export function fileNameOf(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}
