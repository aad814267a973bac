import { createConsumerRuntime, createPropagatingTracer } from '@millrace/messaging';
import { ACK } from '@millrace/messaging/ports';
import type { HostParts } from '@millrace/platform';
import { ProgressTerminal, type TerminalOutput } from './progress-terminal.js';

const URL_LIFETIME_S = 7 * 24 * 3600;

interface ResultLinks {
  signedUrl(key: string, options: { expiresInS: number; downloadName: string }): Promise<string>;
}

/** Shows in the terminal what the tasks do, from now on. Returns how to stop. */
export async function watchTasks(
  parts: HostParts,
  links: ResultLinks,
  output: TerminalOutput,
): Promise<() => Promise<void>> {
  const terminal = new ProgressTerminal(output, parts.clock, (key) =>
    links.signedUrl(key, { expiresInS: URL_LIFETIME_S, downloadName: key.split('/').at(-1) ?? 'result' }),
  );
  // A tracer of its own: looking on is no part of a task's trace.
  const runtime = createConsumerRuntime({ ...parts, tracer: createPropagatingTracer(parts.rng) });
  const consumer = await runtime.start({
    group: `standalone.terminal.${parts.ids.next()}`,
    topics: ['task.lifecycle', 'task.progress', 'billing.charged'],
    from: 'end',
    handle: async (batch) => {
      await terminal.show(batch);
      return batch.map(() => ACK);
    },
  });
  await consumer.ready;
  return () => consumer.stop();
}
