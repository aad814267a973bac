import { z } from 'zod';

/** Shapes that several events hold. */

export const uuid = z
  .string()
  .regex(/^[0-9a-f-]{36}$/)
  .describe('UUID in lower case');
export const isoInstant = z.string().describe('ISO-8601 instant in UTC');
export const nanoDollars = z
  .string()
  .regex(/^-?\d+$/)
  .describe('Integer nano-dollars as a decimal string');
export const milliseconds = z.number().int().nonnegative();
/** Milliseconds on an instance's monotonic clock, counted from the worker incarnation's start. */
export const instanceMs = milliseconds.describe("Milliseconds since the instance's anchor, on its monotonic clock");

export const resolution = z.object({ width: z.number().int().positive(), height: z.number().int().positive() });

export const taskInput = z.object({
  prompt: z.string().optional(),
  negativePrompt: z.string().optional(),
  imageUrl: z.string().optional(),
});

export const generationParameters = z.object({
  seed: z.number().int().optional(),
  steps: z.number().int().positive().optional(),
  durationS: z.number().positive().optional(),
  /** Slows every step down by so many ms; for demonstrations and tests of long runs. */
  stepDelayMs: z.number().int().nonnegative().optional(),
});

/** What must fit on a worker before the task may run there. */
export const resourceNeeds = z.object({ gpus: z.number().int().positive(), vramMiB: z.number().int().nonnegative() });

/**
 * What a worker reads of its GPUs: facts, not a judgement. Which of them takes a GPU out of service is the scheduler's
 * policy (SCH-50), so that a threshold changes with one release of one service.
 */
export const gpuHealth = z
  .array(
    z.object({
      gpu: z.number().int().nonnegative().describe("Position among the worker's GPUs"),
      lost: z.boolean().describe('The driver does not answer for it any more'),
      eccCorrected: z.number().int().nonnegative().describe('Since the last reset'),
      eccUncorrected: z.number().int().nonnegative().describe('Since the last reset'),
      unanswered: z
        .string()
        .max(200)
        .optional()
        .describe(
          'Why the driver has answered no question about its GPUs, several times in a row; the rest is as it was',
        ),
      kernelLog: z
        .array(z.string().max(200))
        .max(8)
        .describe('Lines about it that came in the last ten minutes, since the worker started'),
    }),
  )
  .max(64)
  .describe('GPUs that are not in perfect order; empty: all are; absent: as told before');

/** Where a later attempt may go on from. The manifest object names the state and the frames so far. */
export const checkpointReference = z.object({
  key: z.string().describe('Object key of the manifest'),
  step: z.number().int().nonnegative(),
  modelHash: z.string().describe('Hash of model and parameters; another hash starts at step 0'),
});

export const artifact = z.object({
  id: z.string(),
  kind: z.enum(['video', 'thumbnail', 'file']),
  key: z.string(),
  mediaType: z.string(),
  bytes: z.number().int().nonnegative(),
  sha256: z.string(),
});

/** What a finished video is: seconds of play, size of the picture. */
export const mediaSummary = z.object({
  durationS: z.number().nonnegative(),
  width: z.number().int(),
  height: z.number().int(),
});

/** Why a task or an attempt failed; the same object in API, webhook and event. */
export const failure = z.object({ code: z.string(), message: z.string(), retryable: z.boolean() });

export const ATTEMPT_OUTCOMES = ['succeeded', 'failed', 'preempted', 'lost', 'cancelled'] as const;
export const attemptOutcome = z.enum(ATTEMPT_OUTCOMES);

export const attemptSummary = z.object({
  number: z.number().int().positive(),
  epoch: z.number().int().nonnegative(),
  worker: z.string(),
  pool: z.string(),
  capacity: z.enum(['spot', 'on_demand']),
  outcome: attemptOutcome.nullable(),
  startedAt: isoInstant.nullable(),
  endedAt: isoInstant.nullable(),
  gpuMs: milliseconds.describe('GPU time of the attempt as far as the scheduler knows it'),
  resumedFromStep: z.number().int().nonnegative(),
  billable: z.boolean(),
});

/** What every event on task.lifecycle holds. `sequence` is gap-free per task and starts at 1. */
export const lifecycleShape = {
  taskId: uuid,
  tenantId: z.string(),
  sequence: z.number().int().positive(),
  occurredAt: isoInstant,
};

/**
 * An immutable stretch of one GPU's time. `segmentId` = uuidv5(instance, gpu, attempt, seq): the same segment sent
 * twice is one segment. `sharePpm` is the part of the GPU it had, 1,000,000 = all; gpuMs = (endMs - startMs) × share.
 */
export const usageSegment = z.object({
  segmentId: uuid,
  gpu: z.number().int().nonnegative(),
  kind: z.enum(['run', 'load', 'idle', 'boot', 'drain']),
  tenantId: z.string().optional(),
  taskId: uuid.optional(),
  costCentre: z.string().optional(),
  attempt: z.number().int().positive().optional(),
  epoch: z.number().int().nonnegative().optional(),
  seq: z.number().int().positive().describe('From 1 per attempt; idle segments count per instance'),
  startMs: instanceMs,
  endMs: instanceMs,
  gpuMs: milliseconds,
  sharePpm: z.number().int().min(0).max(1_000_000),
});
