import type { WorkerObserver } from '@millrace/execution/ports';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** What the gauges read when the metrics are asked for. */
export type WorkerLoad = () => { readonly attempts: number; readonly backlog: number };

const STEP_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const ATTEMPT_SECONDS = [0.1, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1_800];

/** The worker's metrics. Labels are bounded: never a task or a tenant. */
export function createWorkerMetrics(registry: Registry): WorkerObserver {
  const registers = [registry];
  const attempts = new Histogram({
    name: 'millrace_attempt_duration_seconds',
    help: 'Time from slot to end of an attempt, by final state and engine.',
    labelNames: ['outcome', 'engine'],
    buckets: ATTEMPT_SECONDS,
    registers,
  });
  const steps = new Histogram({
    name: 'millrace_step_duration_seconds',
    help: 'Time of one denoising step or one rendered frame.',
    labelNames: ['stage'],
    buckets: STEP_SECONDS,
    registers,
  });
  const checkpoints = new Histogram({
    name: 'millrace_checkpoint_duration_seconds',
    help: 'Time to store one checkpoint.',
    buckets: STEP_SECONDS,
    registers,
  });
  const checkpointBytes = new Counter({
    name: 'millrace_checkpoint_bytes_total',
    help: 'Bytes of checkpoints stored.',
    registers,
  });
  const loads = new Histogram({
    name: 'millrace_model_load_duration_seconds',
    help: "Time to load an engine's model.",
    labelNames: ['engine'],
    buckets: STEP_SECONDS,
    registers,
  });
  const heartbeats = new Counter({
    name: 'millrace_worker_heartbeats_total',
    help: 'Heartbeats by whether the bus took them.',
    labelNames: ['result'],
    registers,
  });
  return {
    attemptEnded: (outcome, engine, durationMs) => attempts.observe({ outcome, engine }, durationMs / 1_000),
    stepDone: (stage, durationMs) => steps.observe({ stage }, durationMs / 1_000),
    checkpointStored: (bytes, durationMs) => {
      checkpoints.observe(durationMs / 1_000);
      checkpointBytes.inc(bytes);
    },
    modelLoaded: (engine, durationMs) => loads.observe({ engine }, durationMs / 1_000),
    heartbeatSent: (ok) => heartbeats.inc({ result: ok ? 'sent' : 'failed' }),
  };
}

/** How busy the worker is, read when asked. */
export function observeWorkerLoad(registry: Registry, load: WorkerLoad): void {
  const backlog: Gauge = new Gauge({
    name: 'millrace_worker_spool_records',
    help: 'Reports and segments that the bus does not have yet.',
    registers: [registry],
    collect: (): void => backlog.set(load().backlog),
  });
  const attempts: Gauge = new Gauge({
    name: 'millrace_worker_attempts',
    help: 'Attempts that run or wait for a slot.',
    registers: [registry],
    collect: (): void => attempts.set(load().attempts),
  });
}
