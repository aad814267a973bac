import { seededRng } from '@millrace/kernel';
import { bootstrapInterval } from '../../bench/bootstrap-interval.js';
import type { SpotCase } from './spot-cases.js';

/** What one policy paid in one case. */
export interface PolicyFigures {
  readonly spotCase: SpotCase;
  readonly policy: string;
  /** Dollars a job: one list an environment, in the order of its windows. */
  readonly costs: readonly (readonly number[])[];
  readonly misses: number;
}

const OURS = 'millrace';
const SEED = 1;

/** Mean and 95th percentile over all jobs, in dollars. */
export function summaryOf({ costs }: PolicyFigures): { readonly costUsd: number; readonly p95Usd: number } {
  const all = costs.flat().sort((a, b) => a - b);
  const costUsd = all.reduce((sum, cost) => sum + cost, 0) / all.length;
  return { costUsd, p95Usd: all[Math.ceil(0.95 * all.length) - 1] ?? Number.NaN };
}

/** The cell's section of docs/benchmarks/scheduling.md. */
export function spotTable(
  figures: readonly PolicyFigures[],
  environments: readonly string[],
  fitWords: string,
): string {
  const cases = [...new Set(figures.map(({ spotCase }) => spotCase))];
  const jobs = figures[0]?.costs.flat().length ?? 0;
  const misses = figures.filter(({ policy }) => policy === OURS).reduce((sum, own) => sum + own.misses, 0);
  return [
    ...cases.map((spotCase) =>
      caseSection(
        spotCase,
        figures.filter((own) => own.spotCase === spotCase),
      ),
    ),
    '### How it was measured',
    `${jobs} jobs a policy and case: every third window of ${environments.join(', ')}. ` +
      `Figures of the policies: ${fitWords}. Deadlines that \`millrace\` missed: ${misses}. ` +
      'The difference is the mean over windows of what `millrace` pays less what the policy pays in the same window, ' +
      'with a bootstrap 95 % interval (2,000 resamples inside each environment). Windows of one environment overlap in ' +
      'time, so that the interval is narrower than one over independent weeks would be.',
  ].join('\n\n');
}

function caseSection({ name, anchors, targetUsd }: SpotCase, figures: readonly PolicyFigures[]): string {
  const ours = figures.find(({ policy }) => policy === OURS);
  const oursUsd = ours === undefined ? Number.NaN : summaryOf(ours).costUsd;
  const lines = figures.map((own) => {
    const { costUsd, p95Usd } = summaryOf(own);
    const anchor = anchors[own.policy];
    const cells = [
      own.policy,
      anchor?.toFixed(2) ?? '',
      costUsd.toFixed(2),
      p95Usd.toFixed(2),
      own === ours || ours === undefined ? '' : difference(ours, own),
      String(own.misses),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    `### Deadline and changeover ${name.replace('/', ' h, ')} h`,
    [
      '| policy | anchor $ | mean $ | p95 $ | millrace less this, $ | misses |',
      '|---|---|---|---|---|---|',
      ...lines,
    ].join('\n'),
    `Target ≤ ${targetUsd.toFixed(2)}: ${oursUsd.toFixed(2)}, ${oursUsd <= targetUsd ? 'met' : 'not met'}.`,
  ].join('\n\n');
}

function difference(ours: PolicyFigures, other: PolicyFigures): string {
  const pairs = ours.costs.map((group, environment) =>
    group.map((cost, index) => cost - (other.costs[environment]?.[index] ?? Number.NaN)),
  );
  const { mean, low, high } = bootstrapInterval(pairs, seededRng(SEED));
  return `${mean.toFixed(2)} (${low.toFixed(2)} … ${high.toFixed(2)})`;
}
