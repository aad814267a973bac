/** What makes one place worse than another, in milliseconds of GPU time that it is expected to cost. */
export interface PlacementWeights {
  /** The model is not loaded there: p50 of a load (diffusion-requests: 22.7 s). */
  readonly coldModelMs: number;
  /** Another task type ran there: p50 of a pipeline switch (8.5 s); SCH-45. */
  readonly typeSwitchMs: number;
  /** One GPU more that no task to come could use: the part of a 180 s task (TYP-22) that it may stand idle for. */
  readonly strandedGpuMs: number;
  /** Each point of a wish that is not met; SCH-46 gives its wishes 100 points. */
  readonly preferencePointMs: number;
  /** A whole GPU for a task that a slice could serve. */
  readonly wholeForSliceMs: number;
}

export const DEFAULT_PLACEMENT_WEIGHTS: PlacementWeights = {
  coldModelMs: 22_700,
  typeSwitchMs: 8_500,
  strandedGpuMs: 20_000,
  preferencePointMs: 100,
  wholeForSliceMs: 5_000,
};
