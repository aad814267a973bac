import type { Clock, DurationMs } from '@millrace/kernel';
import { messageOf, sleep } from '@millrace/kernel';

/** A part that must work before traffic is welcome. Resolves when it does, rejects with the reason. */
export type HealthCheck = () => Promise<void>;

export interface HealthReport {
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, { readonly ok: boolean; readonly error?: string }>>;
}

const CHECK_TIMEOUT_MS: DurationMs = 2000;

/** Collects the checks of all modules in a process. Live = the process answers; ready = all checks pass. */
export class HealthRegistry {
  private readonly checks = new Map<string, HealthCheck>();
  private stopping = false;

  constructor(private readonly clock: Clock) {}

  register(name: string, check: HealthCheck): void {
    this.checks.set(name, check);
  }

  /** From here on not ready: load balancers send no more. */
  markStopping(): void {
    this.stopping = true;
  }

  async report(): Promise<HealthReport> {
    const results = await Promise.all(
      [...this.checks].map(async ([name, check]) => [name, await this.run(check)] as const),
    );
    return { ready: !this.stopping && results.every(([, result]) => result.ok), checks: Object.fromEntries(results) };
  }

  private async run(check: HealthCheck): Promise<{ ok: boolean; error?: string }> {
    const stop = new AbortController();
    const tooSlow = sleep(this.clock, CHECK_TIMEOUT_MS, stop.signal).then(() => {
      if (!stop.signal.aborted) throw new Error(`no answer within ${CHECK_TIMEOUT_MS} ms`);
    });
    try {
      await Promise.race([check(), tooSlow]);
      return { ok: true };
    } catch (error) {
      return { ok: false, error: messageOf(error) };
    } finally {
      stop.abort();
    }
  }
}
