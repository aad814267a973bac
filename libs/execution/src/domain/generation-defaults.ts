/** What a task that leaves it open gets. The gateway shows the same in its documentation. */
export const GENERATION_DEFAULTS = {
  width: 832,
  height: 480,
  steps: 24,
  durationS: 4,
} as const;

/** A seed below 2³¹ from the task id (FNV-1a): all attempts of one task get the same, so that a resumed one continues it. */
export function seedOf(taskId: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < taskId.length; i++) hash = Math.imul(hash ^ taskId.charCodeAt(i), 0x01000193);
  return hash >>> 1;
}
