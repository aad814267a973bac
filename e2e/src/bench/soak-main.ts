import { sleep, systemClock } from '@millrace/kernel';
import { startWebhookReceiver } from '@millrace/test-kit';
import { ApiClient } from '../api-client.js';
import { NOOP } from '../faults/bodies.js';
import { startTarget, type Mode } from '../faults/fault-target.js';
import { judgeTasks } from '../faults/judge-tasks.js';
import { submitTasks } from '../faults/submit-tasks.js';
import { readFlags } from './read-flags.js';
import { sampleProcess, trendOf, type ProcessSample } from './watch-processes.js';

const SAMPLE_MS = 5_000;
const CLIENTS = 4;
const JUDGE_MS = 120_000;
const MS_PER_MINUTE = 60_000;

/** `npm run bench:soak -- --minutes 10 --rate 20 --mode standalone`: a steady load; memory, open files and lag. */
const flags = readFlags({ minutes: 10, rate: 20, mode: 'standalone' }, process.argv.slice(2));
const receiver = await startWebhookReceiver();
const target = await startTarget(flags.mode as Mode, {
  standalone: { variables: { OTEL_EXPORTER_OTLP_ENDPOINT: '', MILLRACE_LOG_LEVEL: 'warn' } },
  distributed: { variables: { OTEL_EXPORTER_OTLP_ENDPOINT: '' } },
});
try {
  const api = new ApiClient(target);
  const samples = new Map<string, ProcessSample[]>();
  let loading = true;
  let lagMax = 0;
  const watch = async (): Promise<void> => {
    while (loading) {
      for (const [name, pid] of Object.entries(target.pids())) {
        const sample = sampleProcess(pid, systemClock.monotonicMs());
        if (sample !== undefined) samples.set(name, [...(samples.get(name) ?? []), sample]);
      }
      lagMax = Math.max(lagMax, await target.metric('gateway', 'millrace_consumer_lag_records'));
      await sleep(systemClock, SAMPLE_MS);
    }
  };
  const load = submitTasks(api, {
    name: 'soak',
    count: Math.round((flags.minutes * MS_PER_MINUTE * flags.rate) / 1000),
    clients: CLIENTS,
    pauseMs: (CLIENTS * 1000) / flags.rate,
    body: () => ({ ...NOOP, callback_url: `${receiver.url}/soak` }),
  }).finally(() => (loading = false));
  const [accepted] = await Promise.all([load, watch()]);
  const verdict = await judgeTasks(
    api,
    accepted.map(({ id }) => id),
    { timeoutMs: JUDGE_MS, receiver },
  );
  const lagAtRest = await target.metric('gateway', 'millrace_consumer_lag_records');
  process.stdout.write(`${JSON.stringify({ ...flags, ...verdict, lagMax, lagAtRest })}\n`);
  for (const [name, list] of samples) process.stdout.write(`${name}: ${JSON.stringify(trendOf(list))}\n`);
} finally {
  await target.stop();
  await receiver.close();
}
