import type { ErrorCode } from '@millrace/contracts';
import { AppError } from '@millrace/kernel';

/** The engine stopped through no fault of the task: another attempt may succeed. */
export function engineCrashed(message: string, cause?: unknown): AppError {
  const code: ErrorCode = 'engine_crashed';
  return new AppError({ kind: 'internal', code, message, retriable: true, cause });
}

/** The task asks for what the engine can not make. */
export function engineInputInvalid(pointer: string, message: string): AppError {
  const code: ErrorCode = 'engine_input_invalid';
  return new AppError({ kind: 'validation', code, message, errors: [{ pointer, message }] });
}

/** The task's image is missing, is no picture, or is too large. */
export function imageUnreadable(message: string, cause?: unknown): AppError {
  const code: ErrorCode = 'image_unreadable';
  return new AppError({ kind: 'validation', code, message, cause });
}
