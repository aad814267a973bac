import { sleep, systemClock } from '@millrace/kernel';
import { startTarget } from '../faults/fault-target.js';
import { mib } from './figures.js';
import { cpuMicros, memoryOf } from './process-costs.js';
import { readFlags } from './read-flags.js';

/** After the last start: connections are made and caches warm. */
const QUIET_AFTER_MS = 20_000;
const MICROS_PER_MS = 1_000;
const PERCENT = 100;
/** P23, each service. */
const TARGET = { rssBytes: 120 * 1024 * 1024, cpuPercent: 1 };

/** `npm run bench:services -- --seconds 60`: what each of the five idle services costs; exit status 1 where P23 is missed. */
const flags = readFlags({ seconds: 60 }, process.argv.slice(2));
const target = await startTarget('distributed', {
  distributed: { variables: { OTEL_EXPORTER_OTLP_ENDPOINT: '' } },
});
try {
  await sleep(systemClock, QUIET_AFTER_MS);
  const services = Object.entries(target.pids());
  const before = services.map(([, pid]) => cpuMicros([pid]));
  const startedMs = systemClock.monotonicMs();
  await sleep(systemClock, flags.seconds * 1000);
  const passedMicros = (systemClock.monotonicMs() - startedMs) * MICROS_PER_MS;
  const kept = services.map(([name, pid], index) => {
    const cpuPercent = (PERCENT * (cpuMicros([pid]) - (before[index] ?? 0))) / passedMicros;
    const { rssBytes, pssBytes } = memoryOf([pid]);
    process.stdout.write(
      `${name.padEnd(10)} ${cpuPercent.toFixed(2)} % of a core, ${mib(rssBytes)} RSS, ${mib(pssBytes)} PSS\n`,
    );
    return rssBytes <= TARGET.rssBytes && cpuPercent <= TARGET.cpuPercent;
  });
  process.stdout.write(
    `P23 (${mib(TARGET.rssBytes)} RSS, ${TARGET.cpuPercent} % of a core): ${kept.every(Boolean) ? 'kept' : 'not kept'}\n`,
  );
  process.exitCode = kept.every(Boolean) ? 0 : 1;
} finally {
  await target.stop();
}
