import { meanOf, pairedDifference, standardDeviation } from './paired-difference.js';

/** Allocated share in percent of every policy over one pod list, one figure a seed. */
export interface ListFigures {
  readonly name: string;
  readonly policies: readonly { readonly policy: string; readonly allocatedPercent: readonly number[] }[];
}

/** scheduling.md section 2, cell F: what the published simulator gives, and what ours is to reach. */
const ANCHORS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  default: { random: 87.47, 'dot-product': 90.85, packing: 92, 'best-fit': 93.08, fgd: 95.39 },
  gpushare40: { random: 86, 'dot-product': 89.56, packing: 90.03, 'best-fit': 91.69, fgd: 94.15 },
  gpuspec33: { random: 86.46, 'dot-product': 89.14, packing: 93.22, 'best-fit': 93.09, fgd: 94.55 },
};
const TARGETS: Readonly<Record<string, number>> = { default: 95.7, gpushare40: 94.5, gpuspec33: 94.9 };
const OURS = 'millrace';
const BAR = 'fgd';

/** The section of docs/benchmarks/scheduling.md: each pod list with every policy beside its anchor. */
export function gpuSharingTable(lists: readonly ListFigures[]): string {
  return [INTRODUCTION, ...lists.map(sectionOf)].join('\n\n');
}

const INTRODUCTION = `### What is measured

Share of the cluster's GPU thousandths that is allocated when GPU demand of 130 % has arrived, in percent: mean ±
standard deviation over seeds 42 to 51. Tasks are drawn from the pod list with replacement, arrive one by one, and never
leave; every policy meets the same ones. Ours knows nothing of the list: it learns the class mix from the tasks that
arrived. FGD is given the popularities of the whole list, as published. Differences are paired by seed, with a bootstrap
95 % interval.`;

function sectionOf({ name, policies }: ListFigures): string {
  const anchors = ANCHORS[name] ?? {};
  const ours = policies.find(({ policy }) => policy === OURS)?.allocatedPercent ?? [];
  const lines = policies.map(({ policy, allocatedPercent }) => {
    const anchor = anchors[policy]?.toFixed(2) ?? '–';
    return `| ${policy} | ${anchor} | ${spread(allocatedPercent)} | ${policy === OURS ? '–' : lead(ours, allocatedPercent)} |`;
  });
  return [
    `### ${name}`,
    '',
    '| policy | published | measured | ours ahead by (points) |',
    '|---|---|---|---|',
    ...lines,
    '',
    verdict(name, ours, policies.find(({ policy }) => policy === BAR)?.allocatedPercent ?? []),
  ].join('\n');
}

function verdict(name: string, ours: readonly number[], bar: readonly number[]): string {
  const target = TARGETS[name];
  const reached = meanOf(ours).toFixed(2);
  if (target === undefined) return `No target is set for this list: ours ${reached}, ${lead(ours, bar)} points to FGD.`;
  return `Target ≥ ${target.toFixed(1)}: ours ${reached}, ${meanOf(ours) >= target ? 'met' : 'missed'}.`;
}

function spread(values: readonly number[]): string {
  return `${meanOf(values).toFixed(2)} ± ${standardDeviation(values).toFixed(2)}`;
}

function lead(ours: readonly number[], theirs: readonly number[]): string {
  const { mean, low, high } = pairedDifference(ours, theirs);
  return `${signed(mean)} (${signed(low)} to ${signed(high)})`;
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`;
}
