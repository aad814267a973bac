import { z } from 'zod';
import { isoAnswer, preferHeader, taskParams, uuidAnswer } from './fields.js';
import { defineRoute } from './define-route.js';

/** States of a task as clients see them (API-05, api.md section 2). */
export const TASK_STATES = ['queued', 'processing', 'completed', 'failed', 'cancelled', 'expired'] as const;
export type TaskState = (typeof TASK_STATES)[number];
export const taskState = z.enum(TASK_STATES);

/** Ready-made paths: clients never build URLs. */
export const taskLinks = z
  .object({ status: z.string(), task: z.string(), events: z.string(), cancel: z.string(), artifacts: z.string() })
  .meta({ id: 'TaskLinks' });

/** The compatible status body (API-03, API-04). Also the `data` of webhooks, with `sequence`. */
export const statusFields = {
  task_id: uuidAnswer,
  status: taskState,
  progress: z.number().min(0).max(100),
  result_url: z
    .string()
    .nullable()
    .describe('Absolute, signed, serves ranges; expires after 7 days: ask again for a new one'),
  error: z.string().nullable(),
  created_at: isoAnswer,
  updated_at: isoAnswer,
  estimated_completion: isoAnswer.optional().describe('While processing'),
  thumbnail_url: z.string().nullable().optional(),
  duration: z.number().optional().describe('Seconds of video'),
  resolution: z.string().optional().describe('`1280x704`'),
  file_size: z.number().int().optional().describe('Bytes'),
  processing_time: z.number().optional().describe('Seconds from the first start to the end'),
  engine: z.string().optional().describe('What made the result: `onnx-demo` is the built-in demonstration model'),
  trace_id: z.string().optional(),
};

export const taskStatusAnswer = z.object({ ...statusFields, links: taskLinks }).meta({
  id: 'TaskStatus',
  examples: [
    {
      task_id: '01890a5d-ac96-774b-bcce-b302099a8057',
      status: 'processing',
      progress: 42,
      result_url: null,
      error: null,
      created_at: '2026-01-01T00:00:00.000Z',
      updated_at: '2026-01-01T00:00:07.000Z',
      estimated_completion: '2026-01-01T00:00:15.000Z',
      trace_id: '0af7651916cd43dd8448eb211c80319c',
      links: {
        status: '/api/v1/status/01890a5d-ac96-774b-bcce-b302099a8057',
        task: '/api/v1/tasks/01890a5d-ac96-774b-bcce-b302099a8057',
        events: '/api/v1/tasks/01890a5d-ac96-774b-bcce-b302099a8057/events',
        cancel: '/api/v1/tasks/01890a5d-ac96-774b-bcce-b302099a8057/cancel',
        artifacts: '/api/v1/tasks/01890a5d-ac96-774b-bcce-b302099a8057/artifacts',
      },
    },
  ],
});
export type TaskStatusAnswer = z.infer<typeof taskStatusAnswer>;

export const getStatus = defineRoute({
  operationId: 'getStatus',
  method: 'GET',
  path: '/api/v1/status/{id}',
  tag: 'Tasks',
  summary: 'How far a task is, and where its result lies',
  service: 'gateway',
  access: 'tasks:read',
  request: {
    params: taskParams,
    query: z.strictObject({}),
    headers: z.object({ prefer: preferHeader, 'if-none-match': z.string().max(200).optional() }),
  },
  responses: {
    200: {
      description: 'The status. `Retry-After` says when to ask again; `ETag` makes asking cheap.',
      schema: taskStatusAnswer,
    },
    202: {
      description: 'The wait asked for by `Prefer` is over, and the task has not ended: its status so far',
      schema: taskStatusAnswer,
    },
    304: { description: 'Unchanged since the ETag sent in If-None-Match' },
  },
});
