import type { SchedulerObserver } from '../engine/ports/cycle-observer.port.js';

/** An observer that nobody listens to. */
export const silentObserver: SchedulerObserver = {
  cycled: () => {},
  refused: () => {},
  expired: () => {},
  resent: () => {},
  gpusChanged: () => {},
  demandsUnmet: () => {},
  forecast: () => {},
};
