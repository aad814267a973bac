import { Counter, Histogram, type Registry } from 'prom-client';
import type { Logger } from '@millrace/kernel';
import type { CycleReport, GpuOutage, SchedulerObserver } from '@millrace/scheduling/ports';

const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];

/**
 * Metrics of the scheduler, and a line of its log for each cycle that decided something: the same words in both. Labels are
 * closed sets: never a tenant, task or worker id.
 */
export function createSchedulerMetrics(registry: Registry, logger: Logger): SchedulerObserver {
  const { cycle, decisions, leases, workers, preemptions, estimates, outages } = instrumentsIn(registry);
  return {
    cycled: (report) => {
      cycle.observe({ step: 'read' }, report.readMs / 1000);
      cycle.observe({ step: 'decide' }, report.decideMs / 1000);
      cycle.observe({ step: 'apply' }, report.applyMs / 1000);
      for (const { reason } of report.placements) decisions.inc({ kind: 'place', reason });
      if (report.preempted > 0) preemptions.inc(report.preempted);
      logCycle(logger, report);
      for (const [reason, count] of Object.entries(report.waiting)) decisions.inc({ kind: 'wait', reason }, count);
    },
    refused: (count) => leases.inc({ event: 'refused' }, count),
    expired: (leaseCount, workerCount) => {
      leases.inc({ event: 'expired' }, leaseCount);
      workers.inc(workerCount);
    },
    resent: (count) => leases.inc({ event: 'resent' }, count),
    gpusChanged: (changes, evicted) => {
      if (evicted > 0) leases.inc({ event: 'evicted' }, evicted);
      for (const change of changes) {
        outages.inc({ code: change.code, change: change.change });
        logOutage(logger, change);
      }
    },
    demandsUnmet: (taskTypes) => {
      for (const taskType of taskTypes)
        logger.warn('no worker has the CPU and memory that a task type asks for', { taskType });
    },
    forecast: ({ withinP90, late }) => {
      if (withinP90 > 0) estimates.inc({ within: 'p90' }, withinP90);
      if (late > 0) estimates.inc({ within: 'late' }, late);
    },
  };
}

function instrumentsIn(registry: Registry) {
  const registers = [registry];
  const cycle = new Histogram({
    name: 'millrace_scheduler_cycle_seconds',
    help: 'Time of each step of a scheduling cycle.',
    labelNames: ['step'],
    buckets: SECONDS,
    registers,
  });
  const decisions = new Counter({
    name: 'millrace_scheduler_decisions_total',
    help: 'Decisions by kind and reason.',
    labelNames: ['kind', 'reason'],
    registers,
  });
  const leases = new Counter({
    name: 'millrace_scheduler_leases_total',
    help: 'Leases that expired, were sent again, were refused to a worker, or ended because their GPU is out of service.',
    labelNames: ['event'],
    registers,
  });
  const workers = new Counter({
    name: 'millrace_scheduler_workers_lost_total',
    help: 'Worker incarnations that fell silent or were replaced.',
    registers,
  });
  const preemptions = new Counter({
    name: 'millrace_scheduler_preemptions_total',
    help: 'Running tasks that were told to stop for one of a higher class.',
    registers,
  });
  const estimates = new Counter({
    name: 'millrace_scheduler_estimates_total',
    help: "Completed tasks by whether they ended within the scheduler's first nine-in-ten forecast of each. Not what clients are told.",
    labelNames: ['within'],
    registers,
  });
  const outages = new Counter({
    name: 'millrace_scheduler_gpu_outages_total',
    help: 'GPUs that were taken out of service, or came back, by fault.',
    labelNames: ['code', 'change'],
    registers,
  });
  return { cycle, decisions, leases, workers, preemptions, estimates, outages };
}

/** Which GPU of which worker, and why: for whoever is on call. */
function logOutage(logger: Logger, { change, since: _, ...fault }: GpuOutage): void {
  if (change === 'out') logger.warn('GPU taken out of service', { ...fault });
  else logger.info('GPU back in service', { ...fault });
}

/** What was decided and why, by reason. A stop of running work is for everyone to see, the rest for who looks. */
function logCycle(logger: Logger, { placements, preempted, waiting, pendingSeen }: CycleReport): void {
  if (pendingSeen === 0) return;
  const placed: Record<string, number> = {};
  for (const { reason } of placements) placed[reason] = (placed[reason] ?? 0) + 1;
  logger[preempted > 0 ? 'info' : 'debug']('scheduling cycle', { placed, waiting, preempted });
}
