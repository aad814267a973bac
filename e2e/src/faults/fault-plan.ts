import { inheritedVariables } from '@millrace/test-kit';
import { MODES, type Mode } from './fault-target.js';

/** How big a fault test is: small in CI, as large as asked for by `npm run faults:…`. */
export interface FaultPlan {
  readonly modes: readonly Mode[];
  readonly tasks: number;
  readonly kills: number;
  /** How long what is stopped stays away, seconds. */
  readonly outageS: number;
  /** Repeats the choice of victims and pauses. */
  readonly seed: number;
}

/** Reads what `scripts/faults.mjs` hands over, over the defaults of the suite. */
export function readFaultPlan(defaults: Omit<FaultPlan, 'modes' | 'seed'>): FaultPlan {
  const variables = inheritedVariables();
  const number = (name: string, fallback: number): number => {
    const text = variables[`FAULTS_${name}`];
    const value = text === undefined || text === '' ? fallback : Number(text);
    if (!Number.isFinite(value)) throw new Error(`FAULTS_${name} must be a number, not "${text}"`);
    return value;
  };
  const mode = variables['FAULTS_MODE'];
  return {
    modes: MODES.filter((known) => mode === undefined || mode === '' || mode === known),
    tasks: number('TASKS', defaults.tasks),
    kills: number('KILLS', defaults.kills),
    outageS: number('OUTAGE_S', defaults.outageS),
    seed: number('SEED', 1),
  };
}

/** Figures go to the terminal and to the record of the run. */
export function report(promise: string, figures: Readonly<Record<string, unknown>>): void {
  process.stderr.write(`\n${promise}: ${JSON.stringify(figures)}\n`);
}
