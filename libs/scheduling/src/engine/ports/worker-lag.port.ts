/** How far behind we are on what workers say, so that nobody is declared dead because we read late. */
export interface WorkerLag {
  /** Age in ms of the oldest heartbeat or report not yet applied; 0 when none waits. Rejects while the bus is away. */
  oldestMs(): Promise<number>;
}
