/** At most four progress events a second and attempt. */
export const PROGRESS_MIN_INTERVAL_MS = 250;
/** A preview costs a picture: at most one a second. */
export const PREVIEW_MIN_INTERVAL_MS = 1_000;
/** 100 is kept for the moment when the results are stored. */
export const PERCENT_BEFORE_STORED_MAX = 99;
/** Weight of the newest step in the running mean of step times. */
const STEP_TIME_WEIGHT = 0.2;

/** What was told last. Times are monotonic ms. */
export interface ProgressState {
  readonly percent: number;
  readonly toldAtMs: number | undefined;
  readonly previewedAtMs: number | undefined;
  readonly lastStepAtMs: number;
  /** Running mean of the time of a step; undefined before the first. */
  readonly stepMs: number | undefined;
}

export interface ProgressTick {
  readonly step: number;
  readonly totalSteps: number;
  readonly nowMs: number;
}

export interface ProgressDecision {
  readonly next: ProgressState;
  /** Whether this step is told at all, and whether with a picture. */
  readonly tell: boolean;
  readonly preview: boolean;
  readonly percent: number;
  /** Undefined until one step was timed. */
  readonly remainingMs: number | undefined;
}

export function startProgress(nowMs: number): ProgressState {
  return { percent: 0, toldAtMs: undefined, previewedAtMs: undefined, lastStepAtMs: nowMs, stepMs: undefined };
}

/** Decides what of one step is told: the first and the last always, others at most four a second; never backwards (WRK-10). */
export function onProgress(state: ProgressState, tick: ProgressTick): ProgressDecision {
  const { step, totalSteps, nowMs } = tick;
  const percent = Math.max(state.percent, percentOf(step, totalSteps));
  const stepMs = meanStepMs(state, nowMs);
  const tell = step >= totalSteps || isDue(state.toldAtMs, PROGRESS_MIN_INTERVAL_MS, nowMs);
  const preview = tell && isDue(state.previewedAtMs, PREVIEW_MIN_INTERVAL_MS, nowMs);
  return {
    next: {
      percent,
      toldAtMs: tell ? nowMs : state.toldAtMs,
      previewedAtMs: preview ? nowMs : state.previewedAtMs,
      lastStepAtMs: nowMs,
      stepMs,
    },
    tell,
    preview,
    percent,
    remainingMs: Math.round(stepMs * Math.max(0, totalSteps - step)),
  };
}

function percentOf(step: number, totalSteps: number): number {
  if (totalSteps <= 0) return PERCENT_BEFORE_STORED_MAX;
  return Math.min(PERCENT_BEFORE_STORED_MAX, Math.floor((100 * step) / totalSteps));
}

function meanStepMs(state: ProgressState, nowMs: number): number {
  const lastMs = Math.max(0, nowMs - state.lastStepAtMs);
  return state.stepMs === undefined ? lastMs : state.stepMs + STEP_TIME_WEIGHT * (lastMs - state.stepMs);
}

function isDue(lastMs: number | undefined, intervalMs: number, nowMs: number): boolean {
  return lastMs === undefined || nowMs - lastMs >= intervalMs;
}
