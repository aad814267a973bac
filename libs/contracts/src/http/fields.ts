import { z } from 'zod';

/** Shapes that several routes hold. Requests are closed and cleaned; answers are plain. */

const utf8 = new TextEncoder();
const MAX_URL_CHARACTERS = 2048;

/** Control characters (category Cc) and halves of surrogate pairs: neither is text, and Postgres stores neither. */
const NOT_TEXT = /[\p{Cc}\p{Cs}]/u;

/** Text from a client: NFC, no control characters, 1 to `maxBytes` bytes of UTF-8. */
export function cleanText(maxBytes: number, what: string) {
  return z
    .string({ error: `${what} must be a string: send it in quotes.` })
    .min(1, `${what} is empty: write at least one character.`)
    .refine((text) => !NOT_TEXT.test(text), {
      message: `${what} holds control characters (such as line breaks or NUL): replace them with spaces.`,
    })
    .transform((text) => text.normalize('NFC'))
    .refine((text) => utf8.encode(text).length <= maxBytes, {
      message: `${what} is longer than ${maxBytes} bytes of UTF-8: shorten it.`,
    });
}

/** An absolute http or https URL without credentials. Whether it may be called is decided later (address_refused). */
export function webUrl(what: string) {
  return z
    .string({ error: `${what} must be a string: send an absolute URL.` })
    .max(MAX_URL_CHARACTERS, `${what} is longer than ${MAX_URL_CHARACTERS} characters: use a shorter URL.`)
    .refine(isWebUrl, { message: `${what} is no absolute http or https URL: write it like https://example.com/path.` })
    .meta({ format: 'uri' });
}

function isWebUrl(text: string): boolean {
  if (NOT_TEXT.test(text) || !URL.canParse(text)) return false;
  return ['http:', 'https:'].includes(new URL(text).protocol);
}

export const idText = z
  .string()
  .regex(
    /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/,
    'The id is no UUID: copy task_id from the answer of POST /api/v1/generate.',
  )
  .transform((id) => id.toLowerCase())
  .meta({ format: 'uuid' });

export const taskParams = z.strictObject({ id: idText });

export const uuidAnswer = z.string().meta({ format: 'uuid' });
export const isoAnswer = z.string().meta({ format: 'date-time' }).describe('ISO-8601 in UTC');
export const dollars = z
  .string()
  .regex(/^-?\d+(\.\d{1,9})?$/)
  .describe('US dollars as a decimal string, exact to a nano-dollar');
export const gpuSeconds = z.number().nonnegative().describe('GPU-seconds, exact to a millisecond');

const MAX_PAGE = 200;
const DEFAULT_PAGE = 50;

/** `limit` and `cursor` of a list. The cursor is opaque: pass on `next_cursor` as it came. */
export const pageQuery = {
  limit: z.coerce
    .number({ error: 'limit must be a whole number: write for example limit=50.' })
    .int('limit must be a whole number: write for example limit=50.')
    .min(1, 'limit must be at least 1.')
    .max(MAX_PAGE, `limit is at most ${MAX_PAGE}: ask for more pages.`)
    .default(DEFAULT_PAGE),
  cursor: z.string().min(1).max(512, 'cursor is not one of ours: pass on next_cursor as it came.').optional(),
};

export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    data: z.array(item),
    next_cursor: z.string().nullable().describe('null on the last page'),
    has_more: z.boolean(),
  });
}

/** `Prefer: wait=30` (RFC 7240): answer when the task has ended, or after so many seconds (at most 60). */
export const preferHeader = z
  .string()
  .max(200)
  .optional()
  .describe('`wait=30` answers when the task ended, after 30 s at the latest (cap 60)');

/** Scope: tenant, key and route. */
export const idempotencyKeyHeader = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, 'Idempotency-Key must be 1 to 255 visible ASCII characters: a UUID is a good one.')
  .optional()
  .describe('The same key and body give the first answer again, for 7 days');
