/** How far behind the scheduler is with what clients asked for: the gateway accepts no more past a limit. */
export interface DispatchLag {
  /** Age in ms of the oldest request not yet taken; 0 when none waits. Rejects while the bus is away. */
  oldestMs(): Promise<number>;
}
