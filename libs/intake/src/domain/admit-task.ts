import { AppError, type FieldError } from '@millrace/kernel';
import { profileOf, type Range, type TaskTypeCatalogue, type TaskTypeProfile } from './task-type.js';
import type { Size, TaskInput, TaskParameters } from './task-view.js';

/** A request whose form was checked at the door. */
export interface RequestedTask {
  readonly taskType: string;
  readonly priority: number;
  readonly input: TaskInput;
  readonly resolution: Size | null;
  readonly parameters: TaskParameters;
  readonly callbackUrl: string | null;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface AdmittedTask extends RequestedTask {
  readonly model: string;
  readonly needs: { readonly gpus: number; readonly vramMiB: number };
  readonly typicalS: number;
}

export interface AdmissionRules {
  readonly catalogue: TaskTypeCatalogue;
  /** `parameters.step_delay_ms` may be used: demonstrations and tests only. */
  readonly stepDelayAllowed: boolean;
}

const INTERACTIVE = 1;

/**
 * Holds a request against its type's profile and the caller's entitlement, and fills in what was left open.
 * Errors: `task_type_unknown`, `task_type_not_available` (B1), `priority_not_entitled` (B15), `image_required` (TYP-05),
 * `validation_failed`.
 */
export function admitTask(
  request: RequestedTask,
  caller: { readonly interactive: boolean },
  rules: AdmissionRules,
  newSeed: () => number,
): AdmittedTask {
  const profile = profileOf(rules.catalogue, request.taskType);
  checkEntitlement(request, caller);
  checkImage(request, profile);
  checkParameters(request.parameters, profile, rules);
  const resolution = request.resolution ?? profile.defaultSize;
  return {
    ...request,
    resolution,
    parameters: {
      ...request.parameters,
      seed: request.parameters.seed ?? newSeed(),
      steps: request.parameters.steps ?? profile.steps.byDefault,
      durationS: request.parameters.durationS ?? profile.durationS.byDefault,
    },
    model: profile.model,
    needs: { gpus: 1, vramMiB: vramOf(profile, resolution) },
    typicalS: profile.typicalS,
  };
}

function vramOf(profile: TaskTypeProfile, size: Size | null): number {
  return profile.vramMiBBySize?.[size === null ? '' : `${size.width}x${size.height}`] ?? profile.vramMiB;
}

function checkEntitlement(request: RequestedTask, caller: { readonly interactive: boolean }): void {
  if (request.priority < INTERACTIVE || caller.interactive) return;
  throw new AppError({
    kind: 'forbidden',
    code: 'priority_not_entitled',
    message: 'Priority 1 (interactive) needs an entitlement that this tenant does not have: send priority 0 or -1.',
    errors: [{ pointer: '/priority', message: 'send 0 or -1' }],
  });
}

function checkImage(request: RequestedTask, profile: TaskTypeProfile): void {
  const given = request.input.imageUrl !== undefined;
  if (profile.image === 'required' && !given) {
    throw new AppError({
      kind: 'validation',
      code: 'image_required',
      message: `${profile.name} starts from an image: send image_url.`,
      errors: [{ pointer: '/image_url', message: 'send the URL of a PNG or JPEG image' }],
    });
  }
  if (profile.image === 'refused' && given) {
    throw invalid([
      {
        pointer: '/image_url',
        message: `${profile.name} takes no image: remove image_url, or use i2v-A14B or ti2v-5B`,
      },
    ]);
  }
}

function checkParameters(parameters: TaskParameters, profile: TaskTypeProfile, rules: AdmissionRules): void {
  const faults = [
    outside(parameters.steps, profile.steps, '/parameters/steps'),
    outside(parameters.durationS, profile.durationS, '/parameters/duration_s'),
    parameters.stepDelayMs !== undefined && !rules.stepDelayAllowed
      ? { pointer: '/parameters/step_delay_ms', message: 'step_delay_ms is not enabled here: remove it' }
      : undefined,
  ].filter((fault) => fault !== undefined);
  if (faults.length > 0) throw invalid(faults);
}

function outside(value: number | undefined, range: Range, pointer: string): FieldError | undefined {
  if (value === undefined || (value >= range.min && value <= range.max)) return undefined;
  return { pointer, message: `send a number from ${range.min} to ${range.max}` };
}

function invalid(errors: readonly FieldError[]): AppError {
  const text = errors.map((error) => `${error.pointer}: ${error.message}`).join('; ');
  return new AppError({ kind: 'validation', code: 'validation_failed', message: `${text}.`, errors });
}
