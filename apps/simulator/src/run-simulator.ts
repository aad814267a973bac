import { readFlags } from './command-line/read-flags.js';
import { UsageError } from './command-line/usage-error.js';
import { runReplay } from './replay/run-replay.js';
import { runScenario, type RunSurroundings } from './run-scenario.js';

const USAGE = `npm run simulator -- SCENARIO.yaml [--json] [--html PAGE.html] [--seed N] [--record CYCLES.jsonl]
npm run simulator -- replay CYCLES.jsonl [--policy-config POLICY.yaml] [--json]`;

const KINDS = {
  json: 'switch',
  html: 'text',
  seed: 'text',
  record: 'text',
  'policy-config': 'text',
  help: 'switch',
} as const;
const SEED_MAX = 2 ** 32 - 1;

/**
 * Runs what the words ask for: a scenario, or recorded cycles again.
 * @returns the exit code: 0; 1 where an expectation is not met or a decision differs; 2 where the words or the file
 *   can't be used; 130 where it was stopped.
 */
export async function runSimulator(argv: readonly string[], surroundings: RunSurroundings): Promise<number> {
  const { output } = surroundings;
  try {
    const { flags, words } = readFlags(KINDS, argv);
    if (flags.help === true) {
      output.out(`${USAGE}\n`);
      return 0;
    }
    const [first, second, ...rest] = words;
    const isReplay = first === 'replay';
    const file = isReplay ? second : first;
    const over = isReplay ? rest : [second, ...rest].filter((word) => word !== undefined);
    if (file === undefined || over.length > 0) throw new UsageError(`Name one file:\n${USAGE}`);
    const json = flags.json === true;
    if (isReplay) {
      refuse(flags, ['html', 'seed', 'record'], 'a replay');
      return await runReplay({ file, json, policyFile: flags['policy-config'] }, surroundings);
    }
    refuse(flags, ['policy-config'], 'a scenario, which has its own policy section');
    const { html, record } = flags;
    const request = { file, json, ...(html !== undefined && { html }), ...(record !== undefined && { record }) };
    const seed = flags.seed === undefined ? {} : { seed: seedOf(flags.seed) };
    return await runScenario({ ...request, ...seed }, surroundings);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    output.err(`${error.message}\n`);
    return 2;
  }
}

function refuse(flags: Readonly<Record<string, unknown>>, names: readonly string[], what: string): void {
  const name = names.find((one) => flags[one] !== undefined);
  if (name !== undefined) throw new UsageError(`--${name} is not for ${what}: leave it out.`);
}

function seedOf(text: string): number {
  const seed = Number(text);
  if (!/^\d+$/.test(text) || seed > SEED_MAX)
    throw new UsageError(`--seed "${text}" is no seed: write a whole number from 0 to ${SEED_MAX}.`);
  return seed;
}
