import type { Instant } from '@millrace/kernel';
import type { Decision } from './decision.js';
import { isBackingOff } from '../domain/retry-backoff.js';
import { byOrderOfService } from './ordering/ordering.js';
import { Placer } from './placement.js';
import type { PolicyConfig, SchedulingSnapshot } from './snapshot.js';

/**
 * Chooses placements for one cycle: strict priority, first come first served, first fitting worker. Pure: the same
 * snapshot, config and now give the same decisions. One decision per pending task, in order of service.
 */
export function decide(snapshot: SchedulingSnapshot, policy: PolicyConfig, now: Instant): readonly Decision[] {
  const placer = new Placer(snapshot.workers);
  let placed = 0;
  return snapshot.pending.toSorted(byOrderOfService).map((task): Decision => {
    if (placed >= policy.maxPlacements) return { kind: 'wait', task, reason: 'cycle_limit' };
    if (isBackingOff(task.notBefore ?? null, now)) return { kind: 'wait', task, reason: 'retry_backoff' };
    const choice = placer.take(task);
    if (typeof choice === 'string') return { kind: 'wait', task, reason: choice };
    placed += 1;
    return { kind: 'place', task, worker: choice, reason: 'first_fitting_worker' };
  });
}
