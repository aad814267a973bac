import type { PagePosition } from '@millrace/intake/ports';
import { AppError, isInstant, isUuid, type TaskId } from '@millrace/kernel';

/** An opaque cursor of a page position. */
export function toCursor(position: PagePosition): string {
  return Buffer.from(`${position.createdAt}.${position.id}`).toString('base64url');
}

/** Error: `validation_failed` for a cursor that is none of ours. */
export function fromCursor(cursor: string): PagePosition {
  const [, digits, id = ''] = /^(\d{1,15})\.(.+)$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  const createdAt = Number(digits);
  if (isInstant(createdAt) && isUuid(id)) return { createdAt, id: id as TaskId };
  throw new AppError({
    kind: 'validation',
    code: 'validation_failed',
    message: 'The cursor is not one of ours: pass on next_cursor as it came, or leave it out for the first page.',
    errors: [{ pointer: '/query/cursor', message: 'pass on next_cursor as it came' }],
  });
}
