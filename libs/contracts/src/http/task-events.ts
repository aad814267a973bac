import { z } from 'zod';
import { defineRoute } from './define-route.js';
import { taskParams } from './fields.js';

/** Names of the server-sent events of a task (api.md section 4). */
export const TASK_EVENT_NAMES = [
  'queued',
  'scheduled',
  'progress',
  'preview',
  'attempt',
  'completed',
  'failed',
  'cancelled',
  'expired',
  'charged',
] as const;
export type TaskEventName = (typeof TASK_EVENT_NAMES)[number];

/**
 * Server-sent events: `id` is the task's sequence on lifecycle events; progress, preview and charged have none.
 * `data` is JSON: on lifecycle events the task as GET /api/v1/tasks/{id} answers it at that event's sequence or later.
 */
export const streamTaskEvents = defineRoute({
  operationId: 'streamTaskEvents',
  method: 'GET',
  path: '/api/v1/tasks/{id}/events',
  tag: 'Tasks',
  summary: 'Live events of a task (server-sent events)',
  service: 'gateway',
  access: 'tasks:read',
  request: {
    params: taskParams,
    query: z.strictObject({}),
    headers: z.object({
      'last-event-id': z
        .string()
        .regex(/^\d{1,9}$/, 'Last-Event-ID must be the id of the last event received.')
        .optional()
        .describe('Resumes after this sequence, from the database'),
    }),
  },
  responses: {
    200: {
      description:
        'queued, scheduled, progress, preview, attempt, then completed, failed, cancelled or expired, then charged; a comment every 15 s',
      mediaType: 'text/event-stream',
      schema: z.string(),
    },
  },
});
