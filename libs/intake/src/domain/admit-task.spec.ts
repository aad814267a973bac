import { describe, expect, it } from '@jest/globals';
import { AppError } from '@millrace/kernel';
import { aRequestedTask } from '../testing/builders.js';
import { admitTask, type AdmittedTask, type RequestedTask } from './admit-task.js';
import { createCatalogue } from './task-type.js';

const IMAGE = { prompt: 'x', imageUrl: 'https://example.com/a.png' };

function admit(
  overrides: Partial<RequestedTask>,
  options: { interactive?: boolean; noop?: boolean; stepDelay?: boolean } = {},
): AdmittedTask {
  const rules = {
    catalogue: createCatalogue({ model: 'demo-video@1', typicalS: 180, noop: options.noop ?? false }),
    stepDelayAllowed: options.stepDelay ?? false,
  };
  return admitTask(aRequestedTask(overrides), { interactive: options.interactive ?? false }, rules, () => 42);
}

function refusal(...args: Parameters<typeof admit>): {
  code: string;
  kind: string;
  pointer: string | undefined;
  message: string;
} {
  try {
    admit(...args);
  } catch (error) {
    if (error instanceof AppError)
      return { code: error.code, kind: error.kind, pointer: error.errors[0]?.pointer, message: error.message };
    throw error;
  }
  throw new Error('the request was admitted');
}

describe('admitTask', () => {
  it.each([
    ['B1: an unknown type', { taskType: 'nope' }, 'task_type_unknown', '/task_type'],
    ['B1: a known type without a profile', { taskType: 'comfyui' }, 'task_type_not_available', '/task_type'],
    ['TYP-02: speech to video', { taskType: 's2v' }, 'task_type_not_available', '/task_type'],
    ['API-14: http, until it is configured', { taskType: 'http', input: {} }, 'task_type_not_available', '/task_type'],
    ['a type that is not enabled', { taskType: 'noop' }, 'task_type_unknown', '/task_type'],
    ['B15: priority 1 without the entitlement', { priority: 1 }, 'priority_not_entitled', '/priority'],
    ['TYP-05: i2v without an image', { taskType: 'i2v-A14B' }, 'image_required', '/image_url'],
    ['TYP-05: t2v with an image', { taskType: 't2v-A14B', input: IMAGE }, 'validation_failed', '/image_url'],
    ['too few steps', { parameters: { steps: 3 } }, 'validation_failed', '/parameters/steps'],
    ['too long a video', { parameters: { durationS: 10.5 } }, 'validation_failed', '/parameters/duration_s'],
    [
      'a step delay where none is allowed',
      { parameters: { stepDelayMs: 5 } },
      'validation_failed',
      '/parameters/step_delay_ms',
    ],
  ])('refuses %s', (_name, overrides, code, pointer) => {
    expect(refusal(overrides)).toMatchObject({ code, pointer });
  });

  it('B1: names the types that are available, and not the hidden one', () => {
    const { message } = refusal({ taskType: 'nope' }, { noop: true });
    expect(message).toContain('ti2v-5B, t2v-A14B, i2v-A14B');
    expect(message).not.toContain('noop');
  });

  it('tells all parameter faults at once', () => {
    expect(refusal({ parameters: { steps: 99, durationS: 99 } }).message).toMatch(/steps.*duration_s/);
  });

  it.each([
    ['ti2v-5B 480P', { taskType: 'ti2v-5B' }, 15],
    ['ti2v-5B 720P', { taskType: 'ti2v-5B', resolution: { width: 1280, height: 704 } }, 22],
    ['t2v-A14B 720P', { taskType: 't2v-A14B', resolution: { width: 1280, height: 704 } }, 40],
    ['A14B 480P, which has no figure: the larger one', { taskType: 'i2v-A14B', input: IMAGE }, 40],
  ])('TYP-03: needs the upper figure of GPU memory: %s', (_name, overrides, gib) => {
    expect(admit(overrides).needs).toEqual({ gpus: 1, vramMiB: gib * 1024 });
  });

  it('fills in what was left open, and keeps what was sent', () => {
    expect(admit({})).toMatchObject({
      model: 'demo-video@1',
      resolution: { width: 832, height: 480 },
      parameters: { seed: 42, steps: 24, durationS: 4 },
    });
    expect(admit({ parameters: { seed: 0, steps: 50 } }).parameters).toEqual({ seed: 0, steps: 50, durationS: 4 });
  });

  it('B15: takes priority 1 from an entitled tenant, and -1 from everybody', () => {
    expect(admit({ priority: 1 }, { interactive: true }).priority).toBe(1);
    expect(admit({ priority: -1 }).priority).toBe(-1);
  });

  it('takes the noop type and step delays where they are enabled', () => {
    expect(admit({ taskType: 'noop', input: {} }, { noop: true }).needs.vramMiB).toBe(0);
    expect(admit({ parameters: { stepDelayMs: 5 } }, { stepDelay: true }).parameters.stepDelayMs).toBe(5);
  });
});
