/** A task of the engine that does nothing. */
export const NOOP = { prompt: 'nothing', task_type: 'noop' } as const;

/** A short real video: four steps with a checkpoint after each. */
export const VIDEO = {
  prompt: 'a red square',
  task_type: 'ti2v-5B',
  resolution: '832*480',
  parameters: { duration_s: 0.5, seed: 3, steps: 4, step_delay_ms: 100 },
} as const;
