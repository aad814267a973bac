import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { sleep, systemClock } from '@millrace/kernel';
import { mib } from './figures.js';
import { startMeasuredApp, type MeasuredApp } from './measured-app.js';
import { request } from './noop-load.js';
import { cpuMicros, memoryOf, roleOf, type Memory } from './process-costs.js';

/*
 * npm run bench:idle -- [--seconds 60] [--checkout <path>] [--json]
 *
 * What the app costs that nobody uses, and what one video takes. docs/benchmarks/core.md says how it is measured.
 */
const QUIET_AFTER_MS = 10_000;
const MEMORY_POLL_MS = 100;
const VIDEO_TIMEOUT_MS = 180_000;
const VIDEO = { prompt: 'a red ball rolls over green grass', task_type: 't2v-A14B', resolution: '832*480' } as const;
const VIDEO_S = 4;
const TARGETS = { readyS: 10, idlePercent: 3, videoS: 20, peakBytes: 1.2e9 } as const;

interface RoleCost {
  readonly role: string;
  readonly processes: number;
  readonly cpuPercent: number;
  readonly rssBytes: number;
  readonly pssBytes: number;
}

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    checkout: { type: 'string', default: path.resolve(import.meta.dirname, '../../..') },
    json: { type: 'boolean', default: false },
  },
});
const measuredMs = Number(values.seconds) * 1000;
if (!(measuredMs > 0)) throw new Error('--seconds wants a number above 0');
const say = (line: string): void => void (values.json ? process.stderr : process.stdout).write(`${line}\n`);

const checkout = path.resolve(values.checkout);
const app = await startMeasuredApp({ checkout, settings: {} });
const firstReadyMs = app.readyMs;
let restarted = app;
try {
  await app.end();
  restarted = await startMeasuredApp({ checkout, settings: {}, home: app.home });
  await sleep(systemClock, QUIET_AFTER_MS);
  report(await measureIdle(restarted), await measureVideo(restarted));
} finally {
  await restarted.stop();
}

async function measureIdle(idle: MeasuredApp): Promise<readonly RoleCost[]> {
  const before = Map.groupBy(idle.processes(), roleOf);
  const cpuBefore = new Map([...before].map(([role, pids]) => [role, cpuMicros(pids)]));
  const startedMs = systemClock.monotonicMs();
  await sleep(systemClock, measuredMs);
  const passedMs = systemClock.monotonicMs() - startedMs;
  return [...Map.groupBy(idle.processes(), roleOf)].map(([role, pids]) => ({
    role,
    processes: pids.length,
    cpuPercent: (cpuMicros(pids) - (cpuBefore.get(role) ?? 0)) / 10 / passedMs,
    ...memoryOf(pids),
  }));
}

interface VideoCost {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peak: Memory;
}

async function measureVideo(idle: MeasuredApp): Promise<VideoCost> {
  const cpuBefore = cpuMicros(idle.processes());
  const startedMs = systemClock.monotonicMs();
  const body = JSON.stringify({ ...VIDEO, parameters: { duration_s: VIDEO_S } });
  const { task_id } = (await request(idle, '/api/v1/generate', { method: 'POST', body })) as { task_id: string };
  let peak = memoryOf(idle.processes());
  for (;;) {
    const now = memoryOf(idle.processes());
    peak = { rssBytes: Math.max(peak.rssBytes, now.rssBytes), pssBytes: Math.max(peak.pssBytes, now.pssBytes) };
    const { status } = (await request(idle, `/api/v1/status/${task_id}`)) as { status: string };
    const passedMs = systemClock.monotonicMs() - startedMs;
    if (status === 'completed') {
      return { seconds: passedMs / 1000, cpuSeconds: (cpuMicros(idle.processes()) - cpuBefore) / 1e6, peak };
    }
    if (passedMs > VIDEO_TIMEOUT_MS || !['queued', 'processing'].includes(status))
      throw new Error(`the video is ${status} after ${passedMs.toFixed(0)} ms`);
    await sleep(systemClock, MEMORY_POLL_MS);
  }
}

function report(roles: readonly RoleCost[], video: VideoCost): void {
  const sum = (pick: (role: RoleCost) => number): number => roles.reduce((total, role) => total + pick(role), 0);
  const found = {
    machine: `${os.cpus().length} × ${os.cpus()[0]?.model.trim() ?? 'unknown'}, load ${os.loadavg()[0]?.toFixed(1)}`,
    versions: `Node ${process.versions.node}, embedded Postgres 18, ${os.type()} ${os.release()}`,
    firstReadyMs,
    readyMs: restarted.readyMs,
    idle: { cpuPercent: sum((role) => role.cpuPercent), rssBytes: sum((r) => r.rssBytes), roles },
    idlePssBytes: sum((role) => role.pssBytes),
    video,
  };
  if (values.json) return void process.stdout.write(`${JSON.stringify(found)}\n`);
  say(`${found.machine}\n${found.versions}\n`);
  say(`ready, new home              ${(firstReadyMs / 1000).toFixed(1)} s (at most ${TARGETS.readyS})`);
  say(`ready, home that was there   ${(found.readyMs / 1000).toFixed(1)} s`);
  say(`idle for ${values.seconds} s`);
  for (const { role, processes, cpuPercent, rssBytes, pssBytes } of roles)
    say(
      `  ${role.padEnd(9)} ${processes} processes, ${cpuPercent.toFixed(2)} % of a core, ${mib(rssBytes)} RSS, ${mib(pssBytes)} PSS`,
    );
  say(
    `  all       ${found.idle.cpuPercent.toFixed(2)} % of a core (at most ${TARGETS.idlePercent}), ${mib(found.idle.rssBytes)} RSS, ${mib(found.idlePssBytes)} PSS`,
  );
  say(
    `a ${VIDEO_S}-second ${VIDEO.resolution} video, posted to completed: ${video.seconds.toFixed(1)} s (at most ${TARGETS.videoS}), ${video.cpuSeconds.toFixed(1)} s of CPU`,
  );
  say(
    `  at most held: ${mib(video.peak.rssBytes)} RSS, ${mib(video.peak.pssBytes)} PSS (all together at most ${mib(TARGETS.peakBytes)})`,
  );
}
