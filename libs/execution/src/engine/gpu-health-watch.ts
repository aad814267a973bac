import type { EventData, workerHeartbeat } from '@millrace/contracts';
import { messageOf, type Clock, type DurationMs, type Logger } from '@millrace/kernel';
import type { GpuReading, MachineProbe } from './ports/machine-probe.port.js';

export type GpuHealth = NonNullable<EventData<typeof workerHeartbeat>['gpuHealth']>;

/**
 * A line of the kernel's log is told for so long: a fault that comes back every few minutes is one fault, and an outage of
 * the bus does not hide it. A GPU without a new line for so long has had a clean reading.
 */
export const KERNEL_LINE_TOLD_MS: DurationMs = 600_000;
/** Bounds of a heartbeat: lines of one GPU, the newest, and letters of a line. */
const LINES_MAX = 8;
const LINE_LENGTH_MAX = 200;
/** So many readings in a row that fail are no hiccup of a busy machine any more. */
const FAILURES_TOLD = 3;
/** Lines that are remembered for one GPU, so that none is taken for new twice. */
const REMEMBERED_MAX = 2_000;

export interface GpuHealthWatchOptions {
  /** How many GPUs there are. */
  readonly gpus: number;
  readonly probe: Pick<MachineProbe, 'readHealth'>;
  readonly everyMs: DurationMs;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Reads the GPUs' health every so often and keeps the facts for the heartbeats. Lines that the kernel's log held before
 * the first reading are of an earlier life and are never told. A reading that fails leaves the facts as they were; after
 * the third in a row they say that the driver does not answer.
 */
export class GpuHealthWatch {
  private readings: readonly GpuReading[] | undefined;
  private readonly seenAtMs: Map<string, DurationMs>[] = [];
  private reading: Promise<void> | undefined;
  private following: Promise<void> | undefined;
  private stopped = false;
  private failures = 0;
  private lastFailure = '';
  private cancelNext: (() => void) | undefined;

  constructor(private readonly options: GpuHealthWatchOptions) {}

  /** Takes the first reading and goes on until stopped. Never rejects. */
  async start(): Promise<void> {
    await this.readNow();
    this.arm();
  }

  /** Waits for a reading that begins now or later: one that is on its way may have asked before. Never rejects. */
  readFresh(): Promise<void> {
    if (this.reading === undefined) return this.readNow();
    this.following ??= this.reading.then(() => {
      this.following = undefined;
      return this.readNow();
    });
    return this.following;
  }

  private readNow(): Promise<void> {
    this.reading ??= this.read().finally(() => {
      this.reading = undefined;
    });
    return this.reading;
  }

  stop(): void {
    this.stopped = true;
    this.cancelNext?.();
  }

  /** GPUs that are not in perfect order, in order of position; undefined while no reading has told anything. */
  facts(): GpuHealth | undefined {
    const readings = this.failures < FAILURES_TOLD ? this.readings : (this.readings ?? unread(this.options.gpus));
    return readings?.map((reading) => this.toFact(reading)).filter(isNews);
  }

  private arm(): void {
    // A reading may end after the stop.
    if (this.stopped) return;
    this.cancelNext = this.options.clock.after(this.options.everyMs, () => {
      void this.readNow().then(() => this.arm());
    });
  }

  private async read(): Promise<void> {
    const before = this.facts();
    try {
      const readings = await this.options.probe.readHealth();
      this.failures = 0;
      for (const reading of readings) this.remember(reading, this.readings === undefined);
      this.readings = readings;
    } catch (error) {
      this.failures += 1;
      this.lastFailure = messageOf(error).slice(0, LINE_LENGTH_MAX);
      this.options.logger.warn('GPU health not read', { error: messageOf(error), failures: this.failures });
    }
    this.logNews(before ?? []);
  }

  /** In the worker's own log too: it is there when the bus is not. */
  private logNews(before: GpuHealth): void {
    const known = new Set(before.map((fact) => JSON.stringify(fact)));
    const news = this.facts()?.filter((fact) => !known.has(JSON.stringify(fact))) ?? [];
    for (const fact of news) this.options.logger.warn('GPU is not in perfect order', { ...fact });
  }

  private remember({ gpu, kernelLog }: GpuReading, isFirst: boolean): void {
    const seen = (this.seenAtMs[gpu] ??= new Map());
    // The log forgets its oldest lines: what it no longer holds need not be remembered once it is not told any more.
    const held = new Set(kernelLog);
    const nowMs = this.options.clock.monotonicMs();
    for (const [line, atMs] of seen) if (!held.has(line) && nowMs - atMs > KERNEL_LINE_TOLD_MS) seen.delete(line);
    for (const line of kernelLog.slice(-REMEMBERED_MAX)) {
      if (!seen.has(line)) seen.set(line, isFirst ? -Infinity : nowMs);
    }
  }

  private toFact({ gpu, lost, eccCorrected, eccUncorrected }: GpuReading): GpuHealth[number] {
    const sinceMs = this.options.clock.monotonicMs() - KERNEL_LINE_TOLD_MS;
    const lines = [...(this.seenAtMs[gpu] ?? [])].filter(([, atMs]) => atMs > sinceMs).map(([line]) => line);
    const kernelLog = lines.slice(-LINES_MAX).map((line) => line.slice(0, LINE_LENGTH_MAX));
    const unanswered = this.failures < FAILURES_TOLD ? {} : { unanswered: this.lastFailure };
    return { gpu, lost, eccCorrected, eccUncorrected, kernelLog, ...unanswered };
  }
}

function isNews({ lost, eccCorrected, eccUncorrected, kernelLog, unanswered }: GpuHealth[number]): boolean {
  return lost || eccCorrected > 0 || eccUncorrected > 0 || kernelLog.length > 0 || unanswered !== undefined;
}

function unread(gpus: number): readonly GpuReading[] {
  return Array.from({ length: gpus }, (_, gpu) => {
    return { gpu, lost: false, eccCorrected: 0, eccUncorrected: 0, kernelLog: [] };
  });
}
