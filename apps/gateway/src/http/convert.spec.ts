import { describe, expect, it } from '@jest/globals';
import { taskAnswer } from '@millrace/contracts';
import { newTaskView } from '@millrace/intake';
import { toIso } from '@millrace/kernel';
import { aTaskEnd, aTaskId, aTaskRequest, anAttempt } from '@millrace/intake/testing';
import type { TaskView } from '@millrace/intake/ports';
import { fromCursor, toCursor } from './cursor.js';
import { matchesTag, weakTag } from './entity-tag.js';
import { fromGenerateRequest } from './generate.convert.js';
import { preferredWaitS } from './prefer.js';
import { remainingMs, resultOf, toStatusAnswer, toTaskAnswer, type TaskFacts } from './task.convert.js';

const NOW = Date.UTC(2026, 0, 1, 0, 0, 10);

function facts(view: Partial<TaskView>, others: Partial<TaskFacts> = {}): TaskFacts {
  const base = newTaskView(aTaskRequest(0));
  return {
    view: { ...base, ...view },
    progress: undefined,
    waitingReason: undefined,
    queuePlace: undefined,
    resultUrl: null,
    thumbnailUrl: null,
    now: NOW,
    ...others,
  };
}

function progress(epoch: number, overrides: object = {}) {
  const { id: taskId, tenantId } = aTaskRequest(0);
  return {
    taskId,
    tenantId,
    attempt: 1,
    epoch,
    step: 12,
    totalSteps: 24,
    stage: 'denoising',
    percent: 50.04,
    remainingMs: 4000,
    receivedAt: NOW - 1000,
    ...overrides,
  };
}

describe('preferredWaitS (RFC 7240)', () => {
  it.each([
    [undefined, 0],
    ['', 0],
    ['wait=30', 30],
    ['respond-async, wait=5', 5],
    ['wait = "7"', 7],
    ['wait=9999', 60],
    ['await=30', 0],
    ['wait=-1', 0],
    ['WAIT=3', 3],
  ])('%s → %s', (header, wanted) => {
    expect(preferredWaitS(header)).toBe(wanted);
  });
});

describe('entity tags (RFC 9110)', () => {
  const tag = weakTag([4, undefined, 1]);
  it.each([
    [tag, true],
    [tag.slice(2), true],
    [`"x", ${tag}`, true],
    ['*', true],
    ['"x"', false],
    [undefined, false],
    ['', false],
  ])('%s', (header, wanted) => {
    expect(matchesTag(header, tag)).toBe(wanted);
  });
});

describe('cursors', () => {
  it('come back as they went out', () => {
    const position = { createdAt: NOW, id: aTaskId(7) };
    expect(fromCursor(toCursor(position))).toEqual(position);
  });

  it.each([
    '',
    'x',
    Buffer.from('1.2').toString('base64url'),
    Buffer.from(`x.${aTaskId(1)}`).toString('base64url'),
    Buffer.from(`1.${aTaskId(1)}'--`).toString('base64url'),
    Buffer.from(`999999999999999.${aTaskId(1)}`).toString('base64url'),
  ])('"%s" is none of ours', (cursor) => {
    expect(() => fromCursor(cursor)).toThrow(/not one of ours/);
  });
});

describe('the status of a task', () => {
  it('API-03: while it runs, shows progress and when it will be done', () => {
    const answer = toStatusAnswer(facts({ state: 'processing', attempts: [anAttempt()] }, { progress: progress(1) }));
    expect(answer).toMatchObject({
      status: 'processing',
      progress: 50,
      estimated_completion: '2026-01-01T00:00:13.000Z',
      result_url: null,
      error: null,
    });
  });

  it('counts no progress of an attempt that was lost', () => {
    const attempts = [anAttempt({ outcome: 'lost' }), anAttempt({ number: 2, epoch: 2 })];
    expect(toStatusAnswer(facts({ state: 'processing', attempts }, { progress: progress(1) })).progress).toBe(0);
    expect(toStatusAnswer(facts({ state: 'queued', attempts }, { progress: progress(2) })).progress).toBe(0);
  });

  it('never promises an end in the past', () => {
    expect(
      remainingMs(
        facts({ state: 'processing', attempts: [anAttempt()] }, { progress: progress(1, { remainingMs: 0 }) }),
      ),
    ).toBe(0);
  });

  it('says why it failed, in a text and as an object', () => {
    const failure = { code: 'engine_crashed', message: 'The engine stopped.', retryable: true };
    const failed = facts({
      state: 'failed',
      reason: 'crash',
      attempts: [anAttempt()],
      end: aTaskEnd({ failure, engine: null }),
    });
    expect(toStatusAnswer(failed)).toMatchObject({ status: 'failed', error: 'The engine stopped.', result_url: null });
    expect(toTaskAnswer(failed)).toMatchObject({ failure, reason: 'crash', usage: { final: false, cost: '0.0031' } });
  });

  it('says why it waits and about where, once that is known', () => {
    const waitingReason = { code: 'pool_busy', text: 'Every worker that could run this task is busy.' };
    const known = toTaskAnswer(facts({}, { waitingReason, queuePlace: { position: 3 } }));
    expect(taskAnswer.parse(known)).toMatchObject({ waiting_reason: waitingReason, queue: { position: 3 } });
    expect(Object.keys(toTaskAnswer(facts({})))).not.toEqual(expect.arrayContaining(['queue']));
    const range = { p50: NOW, p90: NOW + 1_000 };
    const place = { position: 3, aheadGpuSeconds: 12.34, start: range, finish: range, basis: 'history' as const };
    const told = toTaskAnswer(
      facts({}, { waitingReason: { ...waitingReason, evidence: { vram: 2 } }, queuePlace: place }),
    );
    const eta = { p50: toIso(NOW), p90: toIso(NOW + 1_000) };
    expect(taskAnswer.parse(told)).toMatchObject({
      waiting_reason: { evidence: { vram: 2 } },
      queue: { position: 3, ahead_gpu_seconds: 12.3, eta_start: eta, eta_finish: eta, basis: 'history' },
    });
  });

  it('an erased task has no result', () => {
    const artifact = { id: 'v', kind: 'video' as const, key: 'k/v.mp4', mediaType: 'video/mp4', bytes: 1, sha256: '' };
    const view = { ...facts({ state: 'completed', end: aTaskEnd({ artifacts: [artifact] }) }).view };
    expect([resultOf(view)?.key, resultOf({ ...view, erasedAt: 1 })]).toEqual(['k/v.mp4', undefined]);
  });
});

describe('fromGenerateRequest', () => {
  it("brings a request into the domain's terms, and leaves out what was not sent", () => {
    expect(fromGenerateRequest({ prompt: 'x', task_type: 'ti2v-5B', priority: 0 })).toEqual({
      taskType: 'ti2v-5B',
      priority: 0,
      input: { prompt: 'x' },
      resolution: null,
      parameters: {},
      callbackUrl: null,
      metadata: {},
    });
    const parameters = { seed: 1, steps: 2, duration_s: 3, step_delay_ms: 4, negative_prompt: 'y' };
    expect(fromGenerateRequest({ prompt: 'x', task_type: 'ti2v-5B', priority: 0, parameters })).toMatchObject({
      input: { prompt: 'x', negativePrompt: 'y' },
      parameters: { seed: 1, steps: 2, durationS: 3, stepDelayMs: 4 },
    });
  });
});
