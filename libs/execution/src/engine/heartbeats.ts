import { workerHeartbeat, type EventData } from '@millrace/contracts';
import { messageOf, type Clock, type DurationMs, type Logger } from '@millrace/kernel';
import { newEvent, type EventPublisher } from '@millrace/messaging/ports';
import type { WorkerObserver } from './ports/worker-observer.port.js';

export type Heartbeat = EventData<typeof workerHeartbeat>;

export interface HeartbeatsOptions {
  readonly heartbeatMs: DurationMs;
  readonly publisher: EventPublisher;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly observer: WorkerObserver;
  /** What the worker says of itself now. */
  readonly state: () => Heartbeat;
  /** Called at every beat, whether or not the bus answers, with the moment the last acknowledged heartbeat was made. */
  readonly onBeat: (renewedAtMs: number) => void;
}

/** Says every few seconds that the worker lives and which leases it holds. One heartbeat on the way at a time. */
export class Heartbeats {
  private renewedAtMs: number;
  private onTheWay: Promise<void> | undefined;
  private cancelNext: (() => void) | undefined;
  private stopped = false;

  constructor(private readonly options: HeartbeatsOptions) {
    this.renewedAtMs = options.clock.monotonicMs();
  }

  start(): void {
    const { clock, heartbeatMs } = this.options;
    this.cancelNext = clock.after(heartbeatMs, () => this.start());
    this.beat();
  }

  /** One heartbeat now, unless one is still on the way. */
  beat(): void {
    this.options.onBeat(this.renewedAtMs);
    this.onTheWay ??= this.send().finally(() => {
      this.onTheWay = undefined;
    });
  }

  /** One that says what is known now: a heartbeat that is on the way was made before, and is waited for. */
  beatAnew(): void {
    void (this.onTheWay ?? Promise.resolve()).then(() => {
      if (!this.stopped) this.beat();
    });
  }

  /** No further beats; waits for the one on the way. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.cancelNext?.();
    await this.onTheWay;
  }

  private async send(): Promise<void> {
    const { publisher, clock, logger, observer, state } = this.options;
    const madeAtMs = clock.monotonicMs();
    try {
      await publisher.publish([newEvent(workerHeartbeat, state())]);
      this.renewedAtMs = madeAtMs;
      observer.heartbeatSent(true);
    } catch (error) {
      observer.heartbeatSent(false);
      logger.warn('heartbeat not sent', { error: messageOf(error) });
    }
  }
}
