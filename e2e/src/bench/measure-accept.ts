import { sleep, systemClock } from '@millrace/kernel';
import type { ApiClient } from '../api-client.js';

export interface AcceptFigures {
  readonly ratePerS: number;
  readonly sent: number;
  readonly accepted: number;
  /** Answers other than 202, by status; 0 is no answer. */
  readonly refused: Readonly<Record<number, number>>;
  /** Accepted a second, over the whole stage and the answers that came after it. */
  readonly acceptedPerS: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface AcceptLoad {
  readonly ratePerS: number;
  readonly seconds: number;
  /** How long each task does nothing once it runs; 0: all of them are run and paid at the rate of the load. */
  readonly stepDelayMs: number;
}

/**
 * Open loop: requests leave when they are due, whether or not earlier ones were answered, and a latency counts from the
 * moment when its request was due. A system that falls behind can't slow its clients down, so it shows (P24).
 */
export async function measureAccept(
  api: ApiClient,
  { ratePerS, seconds, stepDelayMs }: AcceptLoad,
): Promise<AcceptFigures> {
  const latenciesMs: number[] = [];
  const refused: Record<number, number> = {};
  const startedMs = systemClock.monotonicMs();
  const pending: Promise<void>[] = [];
  const count = ratePerS * seconds;
  const body = { prompt: 'nothing', task_type: 'noop', parameters: { step_delay_ms: stepDelayMs } };
  const post = async (dueMs: number): Promise<void> => {
    const { status } = await api.call('POST', '/api/v1/generate', body).catch(() => ({ status: 0 }));
    if (status === 202) latenciesMs.push(systemClock.monotonicMs() - dueMs);
    else refused[status] = (refused[status] ?? 0) + 1;
  };
  while (pending.length < count) {
    const dueMs = startedMs + (pending.length * 1000) / ratePerS;
    if (dueMs > systemClock.monotonicMs()) await sleep(systemClock, Math.ceil(dueMs - systemClock.monotonicMs()));
    else pending.push(post(dueMs));
  }
  await Promise.all(pending);
  const tookS = (systemClock.monotonicMs() - startedMs) / 1000;
  latenciesMs.sort((one, other) => one - other);
  const at = (share: number): number => Math.round(latenciesMs[Math.floor((latenciesMs.length - 1) * share)] ?? 0);
  return {
    ratePerS,
    sent: count,
    accepted: latenciesMs.length,
    refused,
    acceptedPerS: Math.round(latenciesMs.length / tookS),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    maxMs: at(1),
  };
}
