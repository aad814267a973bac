/** How far behind the heartbeats are, so that nobody is declared dead because we read late. */
export interface HeartbeatLag {
  /** Age in ms of the oldest heartbeat not yet applied; 0 when none waits. Rejects while the bus is away. */
  oldestMs(): Promise<number>;
}
