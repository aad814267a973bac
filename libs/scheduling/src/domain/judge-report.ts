import { isLive } from './attempt.js';
import type { Task } from './task.js';

/** Whether a report is the live lease's. A stale epoch is refused; a repeated number of a known attempt is a duplicate. */
export function judgeReport(
  task: Task | undefined,
  report: { readonly epoch: number; readonly incarnation: string; readonly number: number },
): 'accepted' | 'duplicate' | 'refused' {
  const attempt = task?.attempts.find((known) => known.epoch === report.epoch);
  if (attempt === undefined || attempt.incarnation !== report.incarnation) return 'refused';
  if (report.number <= attempt.lastReport) return 'duplicate';
  return isLive(attempt) ? 'accepted' : 'refused';
}
