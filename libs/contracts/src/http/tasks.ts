import { z } from 'zod';
import { defineRoute } from './define-route.js';
import {
  dollars,
  gpuSeconds,
  idempotencyKeyHeader,
  isoAnswer,
  pageOf,
  pageQuery,
  taskParams,
  uuidAnswer,
} from './fields.js';
import { waitingReason } from '../waiting-reason.js';
import { statusFields, taskLinks, taskState } from './task-status.js';

export const attemptAnswer = z
  .object({
    number: z.number().int().positive(),
    outcome: z
      .enum(['succeeded', 'failed', 'preempted', 'lost', 'cancelled'])
      .nullable()
      .describe('null while it runs'),
    worker: z.string(),
    pool: z.string(),
    capacity: z.enum(['spot', 'on_demand']),
    started_at: isoAnswer.nullable(),
    ended_at: isoAnswer.nullable(),
    gpu_seconds: gpuSeconds,
    resumed_from_step: z.number().int().nonnegative().describe('0: from the start; else the step of the checkpoint'),
    billable: z.boolean(),
  })
  .meta({ id: 'Attempt' });

export const usageAnswer = z
  .object({
    final: z.boolean().describe('false: provisional, billing has not settled yet'),
    gpu_seconds: gpuSeconds,
    billed_gpu_seconds: gpuSeconds.optional(),
    unit_price: dollars.optional().describe('Per GPU-hour'),
    cost: dollars,
    currency: z.literal('USD'),
    by_attempt: z
      .array(z.object({ attempt: z.number().int(), outcome: z.string(), gpu_seconds: gpuSeconds, cost: dollars }))
      .optional(),
  })
  .meta({ id: 'TaskUsage' });

/** Instants by which half of such tasks are so far, and nine of ten. */
const etaAnswer = z.object({ p50: isoAnswer, p90: isoAnswer });

export const taskAnswer = z
  .object({
    ...statusFields,
    kind: z.string().describe('generate'),
    task_type: z.string(),
    model: z.string(),
    input: z
      .object({
        prompt: z.string().optional(),
        negative_prompt: z.string().optional(),
        image_url: z.string().optional(),
      })
      .nullable()
      .describe('null after the task was erased'),
    requested_resolution: z.string().nullable(),
    parameters: z.record(z.string(), z.number()),
    priority: z.number().int(),
    metadata: z.record(z.string(), z.string()),
    callback_url: z.string().nullable(),
    phase: z.enum(['scheduled', 'starting', 'running', 'finalizing']).nullable(),
    step: z.number().int().optional(),
    total_steps: z.number().int().optional(),
    reason: z.string().nullable(),
    retried_from: uuidAnswer.optional().describe('The task that this one is a retry of'),
    failure: z.object({ code: z.string(), message: z.string(), retryable: z.boolean() }).nullable(),
    waiting_reason: waitingReason
      .optional()
      .describe("Why the tenant's first waiting task of its type and priority waits; while queued, where it is known"),
    queue: z
      .object({
        position: z.number().int().positive().describe('Approximate: 1 is next, over all tenants'),
        ahead_gpu_seconds: gpuSeconds.optional().describe('Predicted GPU-seconds that are served before it'),
        eta_start: etaAnswer.optional(),
        eta_finish: etaAnswer.optional(),
        basis: z.enum(['history', 'profile']).optional().describe('Runs of its like, or the profile of its type'),
      })
      .optional()
      .describe('While queued, where the length of the queue is known'),
    sequence: z.number().int().nonnegative().describe('Of the last lifecycle event applied'),
    attempts: z.array(attemptAnswer),
    usage: usageAnswer.nullable(),
    links: taskLinks,
  })
  .meta({ id: 'Task' });
export type TaskAnswer = z.infer<typeof taskAnswer>;

export const taskPage = pageOf(taskAnswer).meta({ id: 'TaskPage' });

export const listTasks = defineRoute({
  operationId: 'listTasks',
  method: 'GET',
  path: '/api/v1/tasks',
  tag: 'Tasks',
  summary: 'Tasks, newest first (API-08)',
  service: 'gateway',
  access: 'tasks:read',
  request: {
    query: z.strictObject({
      ...pageQuery,
      status: taskState.optional(),
      task_type: z
        .string()
        .regex(/^[A-Za-z0-9._-]{1,64}$/)
        .optional(),
      reason: z
        .string()
        .regex(/^[a-z_]{1,64}$/, 'reason is a word such as dead_lettered, timeout or out_of_memory.')
        .optional()
        .describe('Why a failed task failed: `dead_lettered` after three lost deliveries'),
    }),
  },
  responses: {
    200: {
      description: 'A page of tasks; `Link` holds the next one',
      schema: taskPage,
    },
  },
});

export const getTask = defineRoute({
  operationId: 'getTask',
  method: 'GET',
  path: '/api/v1/tasks/{id}',
  tag: 'Tasks',
  summary: 'A task with its input, attempts and cost',
  service: 'gateway',
  access: 'tasks:read',
  request: {
    params: taskParams,
    query: z.strictObject({}),
    headers: z.object({ 'if-none-match': z.string().max(200).optional() }),
  },
  responses: {
    200: { description: 'The task', schema: taskAnswer },
    304: { description: 'Unchanged since the ETag sent in If-None-Match' },
  },
});

export const deleteTask = defineRoute({
  operationId: 'deleteTask',
  method: 'DELETE',
  path: '/api/v1/tasks/{id}',
  tag: 'Tasks',
  summary: 'Erase the prompt and the artifacts of a task that has ended',
  service: 'gateway',
  access: 'tasks:write',
  request: { params: taskParams, query: z.strictObject({}) },
  responses: { 204: { description: 'Erased. The task itself, its attempts and its cost stay visible.' } },
});

export const cancelTask = defineRoute({
  operationId: 'cancelTask',
  method: 'POST',
  path: '/api/v1/tasks/{id}/cancel',
  tag: 'Tasks',
  summary: 'Ask for a task to be cancelled',
  service: 'gateway',
  access: 'tasks:write',
  request: {
    params: taskParams,
    query: z.strictObject({}),
    headers: z.object({
      'idempotency-key': z.string().max(255).optional().describe('Accepted; cancelling is idempotent by itself'),
    }),
  },
  responses: {
    200: { description: 'The task had already ended', schema: taskAnswer },
    202: { description: 'The cancellation is on its way', schema: taskAnswer },
  },
});

export const retryTask = defineRoute({
  operationId: 'retryTask',
  method: 'POST',
  path: '/api/v1/tasks/{id}/retry',
  tag: 'Tasks',
  summary: 'Make a new task of one that has ended, with the same input',
  service: 'gateway',
  access: 'tasks:write',
  request: {
    params: taskParams,
    query: z.strictObject({}),
    headers: z.object({ 'idempotency-key': idempotencyKeyHeader }),
  },
  responses: {
    202: { description: 'A new task, accepted and durable; `Location` is its status', schema: taskAnswer },
  },
});

export const artifactAnswer = z
  .object({
    id: z.string(),
    kind: z.enum(['video', 'thumbnail', 'file']),
    media_type: z.string(),
    bytes: z.number().int().nonnegative(),
    sha256: z.string(),
    url: z.string().nullable().describe('Signed at each GET; null when the object was removed'),
    expires_at: isoAnswer.nullable(),
    removed: z.boolean(),
  })
  .meta({ id: 'Artifact' });

export const listArtifacts = defineRoute({
  operationId: 'listArtifacts',
  method: 'GET',
  path: '/api/v1/tasks/{id}/artifacts',
  tag: 'Tasks',
  summary: 'What the task made, with signed URLs',
  service: 'gateway',
  access: 'tasks:read',
  request: {
    params: taskParams,
    query: z.strictObject({
      ttl_s: z.coerce
        .number({ error: 'ttl_s must be a number of seconds.' })
        .int('ttl_s must be a whole number of seconds.')
        .min(60, 'ttl_s must be at least 60.')
        .max(604_800, 'ttl_s is at most 604800 (7 days).')
        .optional()
        .describe('How long the URLs live; 7 days at most and by default'),
    }),
  },
  responses: {
    200: {
      description: 'The artifacts',
      schema: z.object({ task_id: uuidAnswer, data: z.array(artifactAnswer) }).meta({ id: 'ArtifactList' }),
    },
  },
});
