import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Clock } from '@millrace/kernel';
import type { EngineStep, GenerationJob, ResumePoint } from '../engine/ports/index.js';
import { completed, interruptedAt, outcomeOf, type EngineWorld, type InferenceEngineUnderTest } from './engine-runs.js';
import { STEP_DELAY_MS, StepClock } from './step-clock.js';

/** What every engine must do (issue point 5, and the port's contract). The engine under test takes the given clock. */
export function inferenceEngineConformance(
  name: string,
  factory: (clock: Clock) => Promise<InferenceEngineUnderTest>,
): void {
  describe(`inference engine conformance: ${name}`, () => {
    const clock = new StepClock();
    let underTest: InferenceEngineUnderTest | undefined;
    const world = (): EngineWorld => {
      if (underTest === undefined) throw new Error('the engine was not made');
      return { ...underTest, clock };
    };
    beforeAll(async () => {
      underTest = await factory(clock);
    });
    afterAll(async () => {
      await underTest?.engine.close();
      await underTest?.close();
    });

    describe('loading', () => loading(world));
    describe('steps', () => stepping(world));
    describe('delays', () => delaying(world));
    describe('interruption', () => interrupting(world));
    describe('resuming', () => resuming(world));
    describe('checkpoints and previews', () => checkpointing(world));
  });
}

type World = () => EngineWorld;

function loading(world: World): void {
  it('tells the steps and the hash of a job before it is loaded', () => {
    const { engine, job } = world();
    expect(engine.taskTypes).toContain(job.taskType);
    expect(engine.totalSteps(job)).toBeGreaterThan(0);
    expect(engine.modelHash(job)).toBe(engine.modelHash({ ...job }));
  });

  it('loads, and loading again changes nothing', async () => {
    const { engine } = world();
    await Promise.all([engine.load(), engine.load()]);
    await expect(engine.load()).resolves.toBeUndefined();
  });
}

function stepping(world: World): void {
  it('counts its steps from 1 to the total and awaits each', async () => {
    const { engine, job } = world();
    const seen: number[] = [];
    let running = 0;
    await completed(world(), {
      onStep: async ({ step, totalSteps }) => {
        expect(++running).toBe(1);
        expect(totalSteps).toBe(engine.totalSteps(job));
        await new Promise<void>((resolve) => setImmediate(resolve));
        seen.push(step);
        running--;
      },
    });
    expect(seen).toEqual(Array.from({ length: engine.totalSteps(job) }, (_, index) => index + 1));
  });

  it('makes the same bytes again', async () => {
    const first = await completed(world());
    expect((await completed(world())).digest).toBe(first.digest);
  });

  it('rejects with what a step rejects with, and leaves no file behind', async () => {
    const fault = new Error('the step went wrong');
    const { error, left } = await outcomeOf(world(), { onStep: () => Promise.reject(fault) });
    expect(error).toBe(fault);
    expect(left).toEqual([]);
  });

  it('refuses a task type that it does not know', async () => {
    const job = { ...world().job, taskType: 'nobody-makes-this' };
    const { error } = await outcomeOf(world(), { job });
    expect(error).toMatchObject({ name: 'AppError', code: 'engine_input_invalid', kind: 'validation' });
  });
}

function delaying(world: World): void {
  const slowJob = (): GenerationJob => ({ ...world().job, stepDelayMs: STEP_DELAY_MS });

  it('waits after each step where the job says so, and makes the same bytes', async () => {
    const { clock, engine, job } = world();
    const seen: { readonly step: number; readonly waits: number }[] = [];
    clock.reset((endWait) => setImmediate(endWait));
    const slow = await completed(world(), {
      job: slowJob(),
      onStep: ({ step }) => void seen.push({ step, waits: clock.waits }),
    });
    expect(seen.every(({ step, waits }) => waits === step - 1)).toBe(true);
    expect(clock.waits).toBe(engine.totalSteps(job));
    expect(slow.digest).toBe((await completed(world())).digest);
  });

  it('stops waiting when it is aborted', async () => {
    const controller = new AbortController();
    const reason = new Error('preempted');
    world().clock.reset(() => setImmediate(() => controller.abort(reason)));
    const { error, steps } = await outcomeOf(world(), { job: slowJob(), signal: controller.signal });
    expect(error).toBe(reason);
    expect(steps).toBe(1);
  });
}

function interrupting(world: World): void {
  it('takes no step when it is aborted at the start', async () => {
    const reason = new Error('cancelled');
    const { error, steps, left } = await outcomeOf(world(), { signal: AbortSignal.abort(reason) });
    expect({ error, steps, left }).toEqual({ error: reason, steps: 0, left: [] });
  });

  it('rejects with the reason after the current step, and leaves no file behind', async () => {
    const { engine, job } = world();
    for (const at of new Set([1, Math.ceil(engine.totalSteps(job) / 2), engine.totalSteps(job)])) {
      const controller = new AbortController();
      const reason = new Error(`cancelled at ${at}`);
      const onStep = ({ step }: EngineStep): void => {
        if (step === at) controller.abort(reason);
      };
      const outcome = await outcomeOf(world(), { onStep, signal: controller.signal });
      expect(outcome).toEqual({ error: reason, steps: at, left: [] });
    }
  });
}

function resuming(world: World): void {
  it('resumes from a checkpoint at any step, goes on with the next one, and makes the same bytes', async () => {
    const { engine, job } = world();
    const total = engine.totalSteps(job);
    const whole = await completed(world());
    for (const at of new Set([1, Math.ceil(total / 3), Math.ceil(total / 2), Math.max(1, total - 1), total])) {
      const resumeFrom = await interruptedAt(world(), at);
      const rest = await completed(world(), { resumeFrom });
      expect({ at, first: rest.firstStep, steps: rest.steps }).toEqual({
        at,
        first: at === total ? undefined : at + 1,
        steps: total - at,
      });
      expect(rest.digest).toBe(whole.digest);
    }
  });

  it('resumes a resumed run to the same bytes', async () => {
    const { engine, job } = world();
    const total = engine.totalSteps(job);
    let resumeFrom: ResumePoint | undefined;
    for (const share of [0.2, 0.6, 0.9]) {
      resumeFrom = await interruptedAt(world(), Math.ceil(total * share), resumeFrom);
    }
    const rest = await completed(world(), resumeFrom === undefined ? {} : { resumeFrom });
    expect(rest.digest).toBe((await completed(world())).digest);
  });
}

function checkpointing(world: World): void {
  it('puts into a checkpoint only what no earlier one had', async () => {
    const names: string[] = [];
    await completed(world(), {
      onStep: async (step) => {
        const first = await step.checkpoint();
        const again = await step.checkpoint();
        expect(first.step).toBe(step.step);
        expect(again.newBlobs).toEqual([]);
        expect(again.state).toEqual(first.state);
        names.push(...first.newBlobs.map(({ name }) => name));
      },
    });
    expect(new Set(names).size).toBe(names.length);
  });

  it('still gives the state of its last step after it was aborted', async () => {
    const controller = new AbortController();
    const held: EngineStep[] = [];
    const onStep = (step: EngineStep): void => {
      held.push(step);
      controller.abort(new Error('preempted'));
    };
    await outcomeOf(world(), { onStep, signal: controller.signal });
    const checkpoint = await held[0]?.checkpoint();
    expect(checkpoint?.step).toBe(1);
    const resumeFrom = { step: 1, state: checkpoint?.state ?? new Uint8Array(), blobs: checkpoint?.newBlobs ?? [] };
    const rest = await completed(world(), { resumeFrom });
    expect(rest.digest).toBe((await completed(world())).digest);
  });

  it('shows a small picture on demand, or none', async () => {
    const sizes: number[] = [];
    await completed(world(), {
      onStep: async (step) => {
        const preview = await step.preview();
        if (preview === undefined) return;
        expect(preview.mediaType).toMatch(/^image\//);
        sizes.push(preview.bytes.length);
      },
    });
    expect(sizes.every((bytes) => bytes > 0 && bytes <= PREVIEW_LIMIT_BYTES)).toBe(true);
  });
}

/** Larger previews do not go over the bus. */
const PREVIEW_LIMIT_BYTES = 64 * 1024;
