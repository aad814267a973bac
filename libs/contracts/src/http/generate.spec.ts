import { describe, expect, it } from '@jest/globals';
import { generateRequest, postGenerate } from './generate.js';

const VALID = { prompt: 'a red ball', task_type: 'ti2v-5B' };

/** Pointers of what is wrong with a body; empty when it is good. */
function faults(body: unknown): readonly string[] {
  const result = generateRequest.safeParse(body);
  return result.success
    ? []
    : result.error.issues.flatMap((issue) =>
        issue.code === 'unrecognized_keys'
          ? issue.keys.map((key) => `/${[...issue.path, key].join('/')}`)
          : [`/${issue.path.join('/')}`],
      );
}

describe('the body of POST /api/v1/generate', () => {
  it.each([
    ['the three fields of a simple client', { ...VALID, resolution: '832*480' }],
    [
      'everything',
      {
        ...VALID,
        resolution: '1280x704',
        priority: -1,
        image_url: 'https://example.com/a.png',
        callback_url: 'https://example.com/hook',
        parameters: { seed: 0, steps: 24, duration_s: 0.5, negative_prompt: 'x' },
        metadata: { 'a.b_c-1': 'x' },
      },
    ],
    ['a prompt of exactly 32 KiB', { ...VALID, prompt: 'x'.repeat(32_768) }],
    ['emoji and right-to-left text', { ...VALID, prompt: '👩‍🚀 שלום' }],
    [
      'http without a prompt (API-14)',
      { task_type: 'http', api_path: '/api/v1/camera-angle/jobs', request_body: { steps: 8 } },
    ],
    ['comfyui with a workflow', { task_type: 'comfyui', workflow: { '1': { class_type: 'X' } } }],
  ])('takes %s', (_name, body) => {
    expect(faults(body)).toEqual([]);
  });

  it.each([
    ['no prompt', { task_type: 'ti2v-5B' }, '/prompt'],
    ['an empty prompt', { ...VALID, prompt: '' }, '/prompt'],
    ['a prompt over 32 KiB of UTF-8', { ...VALID, prompt: 'ä'.repeat(16_385) }, '/prompt'],
    ['a NUL in the prompt', { ...VALID, prompt: 'a\u0000b' }, '/prompt'],
    ['a bell in the prompt', { ...VALID, prompt: 'a\u0007b' }, '/prompt'],
    ['a C1 control character', { ...VALID, prompt: 'a\u0085b' }, '/prompt'],
    ['half a surrogate pair', { ...VALID, prompt: 'a\ud800b' }, '/prompt'],
    ['a prompt that is a number', { ...VALID, prompt: 7 }, '/prompt'],
    ['no type', { prompt: 'x' }, '/task_type'],
    ['a type with odd characters', { ...VALID, task_type: 'ti2v 5B' }, '/task_type'],
    ['an unknown resolution (API-12)', { ...VALID, resolution: '640*480' }, '/resolution'],
    ['priority 2', { ...VALID, priority: 2 }, '/priority'],
    ['priority 0.5', { ...VALID, priority: 0.5 }, '/priority'],
    ['a callback that is no URL', { ...VALID, callback_url: 'example' }, '/callback_url'],
    ['a file as image', { ...VALID, image_url: 'file:///etc/passwd' }, '/image_url'],
    ['a URL with a line break', { ...VALID, callback_url: 'https://example.com/\nX' }, '/callback_url'],
    ['an unknown field', { ...VALID, tenant: 'other' }, '/tenant'],
    ['a cost from the client', { ...VALID, cost: '0' }, '/cost'],
    ['an unknown parameter', { ...VALID, parameters: { steps: 8, gpu: 4 } }, '/parameters/gpu'],
    ['a negative seed', { ...VALID, parameters: { seed: -1 } }, '/parameters/seed'],
    ['a duration that is no number', { ...VALID, parameters: { duration_s: '4' } }, '/parameters/duration_s'],
    ['metadata with an odd key', { ...VALID, metadata: { 'a b': 'x' } }, '/metadata/a b'],
    ['metadata that is no text', { ...VALID, metadata: { a: 1 } }, '/metadata/a'],
    ['metadata with a NUL', { ...VALID, metadata: { a: '\u0000' } }, '/metadata/a'],
    [
      'too much metadata',
      { ...VALID, metadata: Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`k${n}`, 'x'])) },
      '/metadata',
    ],
    ['no object', [], '/'],
  ])('refuses %s', (_name, body, pointer) => {
    expect(faults(body)).toContain(pointer);
  });

  it('API-12: reads both separators into one form', () => {
    const size = (resolution: string) => generateRequest.parse({ ...VALID, resolution }).resolution;
    expect([size('832*480'), size('832x480'), size('1280*704'), size('1280x704')]).toEqual([
      { width: 832, height: 480 },
      { width: 832, height: 480 },
      { width: 1280, height: 704 },
      { width: 1280, height: 704 },
    ]);
  });

  it('brings text to NFC, and counts bytes after that', () => {
    expect(generateRequest.parse({ ...VALID, prompt: 'cafe\u0301' }).prompt).toBe('caf\u00e9');
    expect(faults({ ...VALID, prompt: 'e\u0301'.repeat(16_384) })).toEqual([]);
  });

  it('says what to do in every message', () => {
    const { error } = generateRequest.safeParse({
      prompt: 'a\u0000',
      task_type: '?',
      priority: 9,
      resolution: '1',
      parameters: { steps: 0, seed: 0.5 },
    });
    for (const issue of error?.issues ?? []) expect(issue.message).toMatch(/send|replace|write|must be/);
    expect(error?.issues).toHaveLength(6);
  });

  it.each([
    ['', false],
    ['a b', false],
    ['ä', false],
    ['x'.repeat(256), false],
    ['x'.repeat(255), true],
    ['0193-uuid', true],
  ])('Idempotency-Key "%s": %s', (key, good) => {
    expect(postGenerate.request.headers.safeParse({ 'idempotency-key': key, host: 'x' }).success).toBe(good);
  });
});
