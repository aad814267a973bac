import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { sleep, systemClock } from '@millrace/kernel';
import { quantile, show, spreadOf } from './figures.js';
import { startMeasuredApp, type MeasuredApp } from './measured-app.js';
import { assertExact, newestTasks, postTasks, waitUntilCharged, type MeasuredTask } from './noop-load.js';
import { cpuMicros, roleOf } from './process-costs.js';

/*
 * npm run bench:core -- [--tasks 500] [--runs 5] [--slots 64] [--concurrency 32] [--compare <checkout>] [--json]
 *
 * What a task costs that does nothing: accepted over HTTP, leased, reported, charged. docs/benchmarks/core.md says how
 * it is measured. With --compare the built app of another checkout runs beside, in turns: A B B A A B …
 */
const WARM_UP_TASKS = 100;
/** What a charged task still leaves to do: offsets, outbox rows. */
const SETTLE_MS = 250;
const CHECKOUT = path.resolve(import.meta.dirname, '../../..');

interface Run {
  readonly tasksPerS: number;
  readonly acceptedPerS: number;
  readonly cpuMicrosPerTask: number;
  readonly cpuByRole: Readonly<Record<string, number>>;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly processes: number;
}

const { values } = parseArgs({
  options: {
    tasks: { type: 'string', default: '500' },
    runs: { type: 'string', default: '5' },
    slots: { type: 'string', default: '64' },
    concurrency: { type: 'string', default: '32' },
    compare: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const tasks = countOf('tasks');
const runs = countOf('runs');
const concurrency = countOf('concurrency');
const say = (line: string): void => void (values.json ? process.stderr : process.stdout).write(`${line}\n`);

const checkouts = [CHECKOUT, ...(values.compare === undefined ? [] : [path.resolve(values.compare)])];
const results = new Map<string, Run[]>(checkouts.map((checkout) => [checkout, []]));
const apps = new Map<string, MeasuredApp>();
try {
  await startAll();
  for (let round = 0; round < runs; round++) {
    for (const checkout of round % 2 === 0 ? checkouts : checkouts.toReversed()) await measureOne(checkout);
  }
} finally {
  for (const app of apps.values()) await app.stop();
}
report();

function countOf(name: 'tasks' | 'runs' | 'slots' | 'concurrency'): number {
  const count = Number(values[name]);
  if (!Number.isSafeInteger(count) || count < 1) throw new Error(`--${name} wants a number from 1 on`);
  return count;
}

async function startAll(): Promise<void> {
  for (const checkout of checkouts) {
    const settings = { MILLRACE_NOOP_TASKS: 'true', MILLRACE_WORKER_SLOTS: String(countOf('slots')) };
    const app = await startMeasuredApp({ checkout, settings });
    apps.set(checkout, app);
    await waitUntilCharged(app, await postTasks(app, WARM_UP_TASKS, concurrency));
  }
}

async function measureOne(checkout: string): Promise<void> {
  const app = apps.get(checkout);
  if (app === undefined) return;
  const run = await measure(app);
  results.get(checkout)?.push(run);
  say(
    `  ${labelOf(checkout)}: ${run.tasksPerS.toFixed(0)} tasks/s, ${run.cpuMicrosPerTask.toFixed(0)} us of CPU a task`,
  );
}

async function measure(app: MeasuredApp): Promise<Run> {
  const before = cpuByRole(app);
  const startedMs = systemClock.monotonicMs();
  const ids = await postTasks(app, tasks, concurrency);
  const acceptedMs = systemClock.monotonicMs() - startedMs;
  await waitUntilCharged(app, ids);
  const chargedMs = systemClock.monotonicMs() - startedMs;
  await sleep(systemClock, SETTLE_MS);
  const after = cpuByRole(app);
  const perTask = (role: string): number => ((after.get(role) ?? 0) - (before.get(role) ?? 0)) / tasks;
  const latencies = (await newestTasks(app, ids)).map(latencyMs).sort((a, b) => a - b);
  await assertExact(app, ids);
  return {
    tasksPerS: (tasks * 1000) / chargedMs,
    acceptedPerS: (tasks * 1000) / acceptedMs,
    cpuMicrosPerTask: [...after.keys()].reduce((sum, role) => sum + perTask(role), 0),
    cpuByRole: Object.fromEntries([...after.keys()].map((role) => [role, perTask(role)])),
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    processes: app.processes().length,
  };
}

function cpuByRole(app: MeasuredApp): ReadonlyMap<string, number> {
  const groups = Map.groupBy(app.processes(), roleOf);
  return new Map([...groups].map(([role, pids]) => [role, cpuMicros(pids)]));
}

/** From accepted to the end of the attempt, by the times that the API gives. */
function latencyMs({ created_at, attempts }: MeasuredTask): number {
  return Date.parse(attempts.at(-1)?.ended_at ?? '') - Date.parse(created_at);
}

function labelOf(checkout: string): string {
  return checkout === CHECKOUT ? 'this checkout' : checkout;
}

function report(): void {
  const machine = `${os.cpus().length} × ${os.cpus()[0]?.model.trim() ?? 'unknown'}, load ${os.loadavg()[0]?.toFixed(1)}`;
  const versions = `Node ${process.versions.node}, embedded Postgres 18, ${os.type()} ${os.release()}`;
  if (values.json) {
    const found = checkouts.map((checkout) => ({ checkout: labelOf(checkout), runs: results.get(checkout) }));
    process.stdout.write(`${JSON.stringify({ machine, versions, tasks, slots: values.slots, concurrency, found })}\n`);
    return;
  }
  say(`\n${machine}\n${versions}\n${runs} runs of ${tasks} tasks, ${values.slots} slots, ${concurrency} clients:`);
  say('median (range); every task completed by one attempt and charged\n');
  for (const checkout of checkouts) reportOn(checkout, results.get(checkout) ?? []);
}

function reportOn(checkout: string, found: readonly Run[]): void {
  const figure = (pick: (run: Run) => number, digits = 0): string => show(spreadOf(found.map(pick)), digits);
  const roles = Object.keys(found[0]?.cpuByRole ?? {});
  say(labelOf(checkout));
  say(`  tasks/s, posted to charged   ${figure(({ tasksPerS }) => tasksPerS)}`);
  say(`  tasks/s accepted             ${figure(({ acceptedPerS }) => acceptedPerS)}`);
  say(`  CPU of a task, us            ${figure(({ cpuMicrosPerTask }) => cpuMicrosPerTask)}`);
  for (const role of roles) say(`    ${role.padEnd(26)} ${figure(({ cpuByRole: by }) => by[role] ?? 0)}`);
  say(`  accepted to ended, p50, ms   ${figure(({ p50Ms }) => p50Ms)}`);
  say(`  accepted to ended, p99, ms   ${figure(({ p99Ms }) => p99Ms)}`);
  say(`  processes                    ${figure(({ processes }) => processes)}\n`);
}
