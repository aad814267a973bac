import { z } from 'zod';
import { defineEvent } from '../define-event.js';
import { artifact, checkpointReference, failure, instanceMs, mediaSummary, milliseconds, uuid } from './shapes.js';

/** What the worker says of an attempt. Reports of one (attempt, epoch) are numbered from 1. */
export const attemptReported = defineEvent({
  type: 'io.millrace.attempt.reported.v1',
  topic: 'attempt.reported',
  source: 'gpu-worker',
  schema: z.object({
    workerId: z.string(),
    incarnation: uuid,
    taskId: uuid,
    tenantId: z.string(),
    attempt: z.number().int().positive(),
    epoch: z.number().int().nonnegative(),
    number: z.number().int().positive(),
    kind: z.enum(['started', 'checkpointed', 'succeeded', 'failed', 'preempted', 'cancelled']),
    at: instanceMs,
    step: z.number().int().nonnegative(),
    totalSteps: z.number().int().nonnegative(),
    resumedFromStep: z.number().int().nonnegative().optional(),
    checkpoint: checkpointReference.optional(),
    artifacts: z.array(artifact).optional(),
    media: mediaSummary.optional(),
    engine: z.string().optional(),
    error: failure.optional(),
    gpuMs: milliseconds.describe('GPU time of the attempt so far'),
    segmentCount: z
      .number()
      .int()
      .nonnegative()
      .optional()
      .describe('On an ending report: how many usage segments the attempt has'),
  }),
  key: (data) => data.taskId,
  subject: (data) => data.taskId,
  fixture: {
    workerId: 'worker-1',
    incarnation: '01890a5d-ac96-774b-bcce-b302099a8058',
    taskId: '01890a5d-ac96-774b-bcce-b302099a8057',
    tenantId: 'acme',
    attempt: 1,
    epoch: 1,
    number: 1,
    kind: 'started',
    at: 120,
    step: 0,
    totalSteps: 24,
    gpuMs: 0,
  },
});
