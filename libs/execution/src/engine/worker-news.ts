import type { EventData, workerHeartbeat } from '@millrace/contracts';
import { sleep, type Clock, type DurationMs, type Logger } from '@millrace/kernel';
import { GpuHealthWatch } from './gpu-health-watch.js';
import type { Meter } from './meter.js';
import { IdleGauge } from './idle-gauge.js';
import type { InstanceClock } from './instance-clock.js';
import type { ModelLoader } from './model-loader.js';
import type { MachineProbe } from './ports/machine-probe.port.js';

/** What changes of a worker while it lives. */
export type ToldNews = Pick<EventData<typeof workerHeartbeat>, 'loadedModels' | 'measuredIdlePercent' | 'gpuHealth'>;

const HEALTH_MS: DurationMs = 30_000;
const FRESH_LIMIT_MS: DurationMs = 2_000;

export interface WorkerNewsOptions {
  readonly gpus: number;
  readonly models: ModelLoader;
  readonly meter: Meter;
  readonly instanceClock: InstanceClock;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Absent: nothing is told of the GPUs' health. */
  readonly probe?: Pick<MachineProbe, 'readHealth'>;
  /** How often the health is read; 30 s where absent. */
  readonly healthMs?: DurationMs;
}

/** What a worker says of itself beside its leases: models in memory, idle time, the GPUs' health. */
export class WorkerNews {
  private readonly gauge: IdleGauge;
  private readonly health: GpuHealthWatch | undefined;

  constructor(private readonly options: WorkerNewsOptions) {
    const { gpus, probe, healthMs = HEALTH_MS, clock, logger } = options;
    this.gauge = new IdleGauge(gpus);
    this.health =
      probe === undefined ? undefined : new GpuHealthWatch({ gpus, probe, everyMs: healthMs, clock, logger });
  }

  /** Takes the first reading of the GPUs, and goes on. Never rejects. */
  async start(): Promise<void> {
    await this.health?.start();
  }

  /** Reads the GPUs' health out of turn, or goes on without after 2 s: a driver that hangs does not keep a report back. Never rejects. */
  async readHealth(): Promise<void> {
    if (this.health === undefined) return;
    const done = new AbortController();
    await Promise.race([this.health.readFresh(), sleep(this.options.clock, FRESH_LIMIT_MS, done.signal)]);
    done.abort();
  }

  stop(): void {
    this.health?.stop();
  }

  /** As it is now; what is not known is left out. */
  now(): ToldNews {
    const { models, meter, instanceClock } = this.options;
    const measuredIdlePercent = this.gauge.sample(instanceClock.nowMs(), meter.occupiedMs());
    const gpuHealth = this.health?.facts();
    return {
      loadedModels: [...models.models()],
      ...(measuredIdlePercent === undefined ? {} : { measuredIdlePercent }),
      ...(gpuHealth === undefined ? {} : { gpuHealth }),
    };
  }
}
