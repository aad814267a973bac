/** The scheduler's consumers as a whole: only the leader subscribes. */
export interface ConsumerGate {
  /** Resolves when all are positioned. */
  open(): Promise<void>;
  /** Drains and leaves the groups. */
  close(): Promise<void>;
}
