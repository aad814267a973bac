import type { AttemptState } from '../../domain/attempt-state.js';

/** What a worker counts. Production: prom-client. */
export interface WorkerObserver {
  attemptEnded(state: AttemptState, engine: string, durationMs: number): void;
  stepDone(stage: string, durationMs: number): void;
  checkpointStored(bytes: number, durationMs: number): void;
  modelLoaded(engine: string, durationMs: number): void;
  heartbeatSent(ok: boolean): void;
}

export const silentObserver: WorkerObserver = {
  attemptEnded: () => {},
  stepDone: () => {},
  checkpointStored: () => {},
  modelLoaded: () => {},
  heartbeatSent: () => {},
};
