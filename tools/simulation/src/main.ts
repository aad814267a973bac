// Runs episodes until the time is up, or one seed: `npm run simulate -- [--minutes 20] [--seed N] [--mutation NAME]`.
import { parseArgs } from 'node:util';
import { systemClock } from '@millrace/kernel';
import { MUTATIONS, type Mutation } from './mutations.js';
import { simulateEpisode, type Episode } from './simulate.js';
import { summarise } from './summary.js';

const DEFAULT_MINUTES = 1;
const SHOWN_MAX = 10;

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    from: { type: 'string', default: '1' },
    minutes: { type: 'string', default: String(DEFAULT_MINUTES) },
    mutation: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
});
process.exitCode = await main();

async function main(): Promise<number> {
  const startedMs = systemClock.monotonicMs();
  const limitMs = Number(values.minutes) * 60_000;
  const only = values.seed === undefined ? undefined : Number(values.seed);
  const episodes: Episode[] = [];
  const failed: number[] = [];
  for (let seed = only ?? Number(values.from); ; seed++) {
    const episode = await simulateEpisode({ seed, ...mutationOf(values.mutation), ...loggerOf() });
    if (episode.violations.length > 0) {
      failed.push(seed);
      report(episode);
    }
    // What an episode left is not kept: only what is counted.
    episodes.push({ ...episode, history: { ...episode.history, records: [], applications: [] } });
    if (only !== undefined || systemClock.monotonicMs() - startedMs >= limitMs) break;
  }
  say(summarise(episodes, systemClock.monotonicMs() - startedMs));
  if (failed.length > 0) say(`Failed seeds: ${failed.join(', ')}. Replay: npm run simulate -- --seed ${failed[0]}`);
  return failed.length > 0 ? 1 : 0;
}

function report({ seed, violations }: Episode): void {
  say(`Seed ${seed}: ${violations.length} promises broken`);
  for (const { assertion, subject, detail } of violations.slice(0, SHOWN_MAX)) {
    say(`  ${assertion}: ${subject}: ${detail}`);
  }
}

function mutationOf(name: string | undefined): { readonly mutation?: Mutation } {
  if (name === undefined) return {};
  if (name in MUTATIONS) return { mutation: name as Mutation };
  throw new Error(`There is no mutation "${name}": take one of ${Object.keys(MUTATIONS).join(', ')}.`);
}

function loggerOf() {
  if (!values.verbose) return {};
  const line = (message: string, fields: object = {}): void => say(`  ${message} ${JSON.stringify(fields)}`);
  return { logger: { debug: line, info: line, warn: line, error: line } };
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
