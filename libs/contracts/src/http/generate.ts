import { z } from 'zod';
import { defineRoute } from './define-route.js';
import { cleanText, idempotencyKeyHeader, preferHeader, uuidAnswer, webUrl } from './fields.js';
import { resolutionField } from './resolution.js';
import { taskLinks, taskState, taskStatusAnswer } from './task-status.js';

const MAX_PROMPT_BYTES = 32 * 1024;
const MAX_METADATA_ENTRIES = 32;

/** Task types without a prompt: they carry a request or a workflow (API-14). */
const PASSTHROUGH_TYPES = ['http', 'comfyui'];

/** A number within bounds; all faults have the same message, which names them. */
function numberFrom(min: number, max: number): z.ZodNumber {
  const error = `send a number from ${min} to ${max}`;
  return z.number({ error }).min(min, { error }).max(max, { error });
}

function wholeNumberFrom(min: number, max: number): z.ZodNumber {
  const error = `send a whole number from ${min} to ${max}`;
  return z.number({ error }).int({ error }).min(min, { error }).max(max, { error });
}

export const generateParameters = z.strictObject({
  seed: wholeNumberFrom(0, 4_294_967_295).optional().describe('The same seed and input give the same video'),
  steps: wholeNumberFrom(1, 10_000).optional().describe('Denoising steps; video types take 4 to 50'),
  duration_s: numberFrom(0.5, 30).optional().describe('Seconds of video; video types take up to 10'),
  negative_prompt: cleanText(MAX_PROMPT_BYTES, 'parameters.negative_prompt').optional(),
  step_delay_ms: wholeNumberFrom(0, 5000)
    .optional()
    .describe('Waits after each step: for demonstrations and tests of long runs, where the deployment allows it'),
});

const metadata = z
  .record(
    z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, 'Write metadata keys of 1 to 64 letters, digits, "_", "." or "-".'),
    cleanText(512, 'A metadata value'),
  )
  .refine((entries) => Object.keys(entries).length <= MAX_METADATA_ENTRIES, {
    message: `metadata has more than ${MAX_METADATA_ENTRIES} entries: send fewer.`,
  });

export const generateRequest = z
  .strictObject({
    prompt: cleanText(MAX_PROMPT_BYTES, 'prompt')
      .optional()
      .describe('What the video shows. Required for all video types'),
    task_type: z
      .string({ error: 'task_type is missing: send for example "ti2v-5B".' })
      .regex(/^[A-Za-z0-9._-]{1,64}$/, 'task_type is no name of a task type: send for example "ti2v-5B".'),
    resolution: resolutionField.optional(),
    image_url: webUrl('image_url').optional(),
    priority: z
      .number({ error: 'priority must be a number: send -1 (low), 0 (normal) or 1 (interactive).' })
      .int('priority must be -1, 0 or 1.')
      .min(-1, 'priority must be -1, 0 or 1.')
      .max(1, 'priority must be -1, 0 or 1.')
      .default(0),
    callback_url: webUrl('callback_url').optional(),
    parameters: generateParameters.optional(),
    metadata: metadata.optional(),
    api_path: z.string().min(1).max(2048).optional().describe('Only task type http'),
    request_body: z.record(z.string(), z.unknown()).optional().describe('Only task type http'),
    workflow: z.record(z.string(), z.unknown()).optional().describe('Only task type comfyui: a workflow in API format'),
  })
  .superRefine((request, context) => {
    if (request.prompt !== undefined || PASSTHROUGH_TYPES.includes(request.task_type)) return;
    context.addIssue({
      code: 'custom',
      path: ['prompt'],
      message: 'prompt is missing: say in a sentence what the video shows.',
    });
  })
  .meta({
    id: 'GenerateRequest',
    anyOf: [{ required: ['prompt'] }, { properties: { task_type: { enum: PASSTHROUGH_TYPES } } }],
    examples: [
      { prompt: 'a red ball bouncing at night', resolution: '832*480', task_type: 'ti2v-5B' },
      {
        prompt: 'a blue star drifting to the right over snow',
        resolution: '1280*704',
        task_type: 'ti2v-5B',
        priority: 0,
        parameters: { seed: 7, steps: 24, duration_s: 4 },
        metadata: { customer: 'acme' },
      },
    ],
  });
export type GenerateRequest = z.output<typeof generateRequest>;

export const generateAnswer = z
  .object({
    task_id: uuidAnswer,
    status: taskState,
    message: z.string(),
    status_url: z.string(),
    estimated_time: z.number().int().nonnegative().describe('Seconds until the result, as far as can be said now'),
    links: taskLinks,
    trace_id: z.string().optional(),
  })
  .meta({ id: 'GenerateAnswer' });
export type GenerateAnswer = z.infer<typeof generateAnswer>;

export const postGenerate = defineRoute({
  operationId: 'generate',
  method: 'POST',
  path: '/api/v1/generate',
  tag: 'Tasks',
  summary: 'Accept a task: answers at once, the work is done later',
  service: 'gateway',
  access: 'tasks:write',
  request: {
    query: z.strictObject({}),
    headers: z.object({
      'idempotency-key': idempotencyKeyHeader,
      prefer: preferHeader,
    }),
    body: generateRequest,
  },
  responses: {
    200: { description: 'With Prefer: wait, when the task ended in time', schema: taskStatusAnswer },
    202: {
      description: 'Accepted and durable. `Location` is the status, `Retry-After` says when to ask.',
      schema: generateAnswer,
    },
  },
});
