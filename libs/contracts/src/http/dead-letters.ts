import { z } from 'zod';
import { defineRoute } from './define-route.js';
import { idText, isoAnswer, pageOf, pageQuery, uuidAnswer } from './fields.js';

/** Dead letters one bulk call decides about at most; more calls take the rest. */
const BULK_MAX = 1000;
const BULK_DEFAULT = 100;

export const DEAD_LETTER_STATES = ['open', 'redriven', 'skipped'] as const;
const deadLetterState = z.enum(DEAD_LETTER_STATES, { error: 'status is one of open, redriven, skipped.' });

function nameFilter(what: string) {
  return z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,128}$/, `${what} is a name of letters, digits, ".", "_" and "-".`)
    .optional();
}

function instantFilter(what: string) {
  return z.iso
    .datetime({ offset: true, error: `${what} is no time: write it like 2026-01-01T00:00:00Z.` })
    .optional()
    .meta({ format: 'date-time' });
}

/** The same filters on the list and on what is decided in bulk. */
const filters = {
  topic: nameFilter('topic').describe('Where the record came from, without `.dlq`'),
  consumer_group: nameFilter('consumer_group').describe('Which group could not apply it'),
  error_class: nameFilter('error_class'),
  event_type: nameFilter('event_type'),
  task: idText.optional(),
  created_after: instantFilter('created_after').describe('Told to the gateway at this time or later'),
  created_before: instantFilter('created_before').describe('Told to the gateway before this time'),
};

const facts = {
  id: uuidAnswer,
  status: z.enum(DEAD_LETTER_STATES),
  topic: z.string(),
  partition: z.number().int().nonnegative(),
  offset: z.string().describe('Decimal: offsets exceed what JSON numbers hold'),
  key: z.string(),
  consumer_group: z.string(),
  error_class: z.string(),
  reason: z.string(),
  attempts: z.number().int().nonnegative().describe('Calls that failed; 0 where the record could not be read'),
  redrives: z.number().int().nonnegative().describe('Times it was put back before it died this time'),
  blocks_key: z.boolean().describe('Later records of its key wait in the group until it is redriven or skipped'),
  event_id: z.string().nullable(),
  event_type: z.string().nullable(),
  tenant_id: z.string().nullable(),
  task_id: z.string().nullable(),
  failed_at: isoAnswer,
  created_at: isoAnswer.describe('When the gateway was told of it'),
  resolved_at: isoAnswer.nullable(),
  resolved_by: z.string().nullable().describe('Id of the API key'),
};

export const deadLetterSummary = z.object(facts).meta({ id: 'DeadLetterSummary' });
export type DeadLetterSummary = z.infer<typeof deadLetterSummary>;

export const deadLetterAnswer = z
  .object({
    ...facts,
    headers: z.record(z.string(), z.string()),
    payload: z.string().nullable().describe('The record as UTF-8 text, its first 64 KiB; null where it is none'),
    payload_bytes: z.number().int().nonnegative(),
  })
  .meta({ id: 'DeadLetter' });
export type DeadLetterAnswer = z.infer<typeof deadLetterAnswer>;

const shared = { tag: 'Dead letters', service: 'gateway', access: 'admin' } as const;
const one = { params: z.strictObject({ id: idText }), query: z.strictObject({}) };

export const listDeadLetters = defineRoute({
  ...shared,
  operationId: 'listDeadLetters',
  method: 'GET',
  path: '/api/v1/dead-letters',
  summary: 'Records that a consumer could not apply, newest first',
  request: { query: z.strictObject({ ...pageQuery, status: deadLetterState.optional(), ...filters }) },
  responses: { 200: { description: 'A page', schema: pageOf(deadLetterSummary).meta({ id: 'DeadLetterPage' }) } },
});

export const getDeadLetter = defineRoute({
  ...shared,
  operationId: 'getDeadLetter',
  method: 'GET',
  path: '/api/v1/dead-letters/{id}',
  summary: 'A dead letter with its headers and payload',
  request: one,
  responses: { 200: { description: 'The dead letter', schema: deadLetterAnswer } },
});

export const redriveDeadLetter = defineRoute({
  ...shared,
  operationId: 'redriveDeadLetter',
  method: 'POST',
  path: '/api/v1/dead-letters/{id}/redrive',
  summary: 'Give the record to the group that failed once more',
  request: one,
  responses: { 200: { description: 'On its way', schema: deadLetterSummary } },
});

export const skipDeadLetter = defineRoute({
  ...shared,
  operationId: 'skipDeadLetter',
  method: 'POST',
  path: '/api/v1/dead-letters/{id}/skip',
  summary: 'Go on without the record: what waits behind it is let go',
  request: one,
  responses: { 200: { description: 'Skipped', schema: deadLetterSummary } },
});

export const deadLetterBulkAnswer = z
  .object({
    dry_run: z.boolean(),
    matched: z.number().int().nonnegative().describe('Open dead letters that the filters choose, all of them'),
    resolved: z.number().int().nonnegative().describe('Of these, decided about by this call; 0 in a dry run'),
    data: z.array(deadLetterSummary).describe('Those that this call decided about, or would; oldest first'),
  })
  .meta({ id: 'DeadLetterBulk' });

const bulk = {
  query: z.strictObject({
    ...filters,
    dry_run: z
      .enum(['true', 'false'], { error: 'dry_run is true or false.' })
      .default('false')
      .transform((text) => text === 'true')
      .describe('Says what would be decided about, and does nothing'),
    limit: z.coerce
      .number({ error: `limit must be a whole number from 1 to ${BULK_MAX}.` })
      .int(`limit must be a whole number from 1 to ${BULK_MAX}.`)
      .min(1, `limit must be a whole number from 1 to ${BULK_MAX}.`)
      .max(BULK_MAX, `limit is at most ${BULK_MAX}: call again for the rest.`)
      .default(BULK_DEFAULT),
  }),
};
const bulkAnswers = { 200: { description: 'What was decided about', schema: deadLetterBulkAnswer } };

export const redriveDeadLetters = defineRoute({
  ...shared,
  operationId: 'redriveDeadLetters',
  method: 'POST',
  path: '/api/v1/dead-letters/redrive',
  summary: 'Redrive the open dead letters that the filters choose, oldest first',
  request: bulk,
  responses: bulkAnswers,
});

export const skipDeadLetters = defineRoute({
  ...shared,
  operationId: 'skipDeadLetters',
  method: 'POST',
  path: '/api/v1/dead-letters/skip',
  summary: 'Skip the open dead letters that the filters choose, oldest first',
  request: bulk,
  responses: bulkAnswers,
});
