import { ApiClient } from '../api-client.js';
import { startTarget, type Mode } from '../faults/fault-target.js';
import { measureAccept } from './measure-accept.js';
import { readFlags } from './read-flags.js';

const WARM_UP = { ratePerS: 50, seconds: 5, stepDelayMs: 0 };
/** P24. */
const TARGET = { ratePerS: 300, p99Ms: 150 };

/**
 * `npm run bench:accept -- --rate 300 --seconds 20 --step-delay-ms 5000 --mode standalone`: exit status 1 where P24 is
 * missed. With `--step-delay-ms 0` the same cores run every task at the rate at which it is accepted.
 */
const flags = readFlags(
  { rate: TARGET.ratePerS, seconds: 20, 'step-delay-ms': 5_000, mode: 'standalone' },
  process.argv.slice(2),
);
const target = await startTarget(flags.mode as Mode, {
  standalone: { variables: { OTEL_EXPORTER_OTLP_ENDPOINT: '', MILLRACE_LOG_LEVEL: 'warn' } },
  distributed: { variables: { OTEL_EXPORTER_OTLP_ENDPOINT: '' } },
});
try {
  const api = new ApiClient(target);
  await measureAccept(api, WARM_UP);
  const figures = await measureAccept(api, {
    ratePerS: flags.rate,
    seconds: flags.seconds,
    stepDelayMs: flags['step-delay-ms'],
  });
  process.stdout.write(`${JSON.stringify({ mode: flags.mode, ...figures })}\n`);
  const kept = figures.accepted === figures.sent && figures.p99Ms <= TARGET.p99Ms && flags.rate >= TARGET.ratePerS;
  process.stdout.write(`P24 (${TARGET.ratePerS} a second, p99 ${TARGET.p99Ms} ms): ${kept ? 'kept' : 'not kept'}\n`);
  process.exitCode = kept ? 0 : 1;
} finally {
  await target.stop();
}
