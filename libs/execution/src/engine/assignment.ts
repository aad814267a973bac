import type { attemptReported, EventData, taskAssigned } from '@millrace/contracts';
import type { SegmentOwner } from '../domain/gpu-track.js';
import { GENERATION_DEFAULTS, seedOf } from '../domain/generation-defaults.js';
import type { GpuGrant } from './meter.js';
import type { GenerationJob } from './ports/inference-engine.port.js';

const PPM_OF_MILLI = 1_000;

/** One lease, as the scheduler gave it. */
export type Assignment = EventData<typeof taskAssigned>;
export type AttemptReport = EventData<typeof attemptReported>;
export type CheckpointReference = NonNullable<Assignment['resumeFrom']>;
export type ReportedArtifact = NonNullable<AttemptReport['artifacts']>[number];

/** What names one attempt under one lease. */
export type AttemptIdentity = Pick<Assignment, 'taskId' | 'attempt' | 'epoch'>;

export function keyOf({ taskId, attempt, epoch }: AttemptIdentity): string {
  return `${taskId}/${attempt}-${epoch}`;
}

export function ownerOf({ tenantId, taskId, costCentre, attempt, epoch }: Assignment): SegmentOwner {
  return { tenantId, taskId, costCentre, attempt, epoch };
}

/** What the scheduler granted of each GPU; undefined where it tells none: it sees slots alone, or is of an older release. */
export function grantsOf({ devices, deviceMilli }: Assignment): readonly GpuGrant[] | undefined {
  if (devices === undefined || deviceMilli?.length !== devices.length) return undefined;
  return devices.map((gpu, at) => ({ gpu, sharePpm: PPM_OF_MILLI * (deviceMilli[at] ?? 0) }));
}

/** What the engine is to make, with every open parameter resolved the same way for each attempt of the task. */
export function jobOf(assignment: Assignment, stepDelayMs: number, imagePath: string | undefined): GenerationJob {
  const { input, parameters, resolution } = assignment;
  return {
    taskType: assignment.taskType,
    model: assignment.model,
    prompt: input.prompt ?? '',
    ...(input.negativePrompt === undefined ? {} : { negativePrompt: input.negativePrompt }),
    ...(imagePath === undefined ? {} : { imagePath }),
    resolution: resolution ?? { width: GENERATION_DEFAULTS.width, height: GENERATION_DEFAULTS.height },
    seed: parameters.seed ?? seedOf(assignment.taskId),
    steps: parameters.steps ?? GENERATION_DEFAULTS.steps,
    durationS: parameters.durationS ?? GENERATION_DEFAULTS.durationS,
    stepDelayMs: parameters.stepDelayMs ?? stepDelayMs,
  };
}
