import type { Expectation } from '../scenario/scenario.js';
import type { Report } from './report.js';

/** An expectation and what the run showed. `actual` is undefined where the report has no such figure. */
export interface Verdict {
  readonly expectation: Expectation;
  readonly actual: number | undefined;
  readonly met: boolean;
}

/** Holds a report to the ranges of its scenario. */
export function checkExpectations(report: Report, expectations: readonly Expectation[]): readonly Verdict[] {
  return expectations.map((expectation) => {
    const actual = figureAt(report, expectation.metric);
    const met = actual !== undefined && actual >= expectation.min && actual <= expectation.max;
    return { expectation, actual, met };
  });
}

/** `file:line:column: metric is 12, expected from 0 to 10`. */
export function tellVerdict({ expectation, actual }: Verdict): string {
  const { metric, min, max, place } = expectation;
  if (actual === undefined) return `${place}: the report has no figure ${metric}; docs/simulator.md lists them`;
  const range = min === -Infinity ? `at most ${max}` : max === Infinity ? `at least ${min}` : `from ${min} to ${max}`;
  return `${place}: ${metric} is ${Number(actual.toPrecision(6))}, expected ${range}`;
}

/** A number of the report by its dotted path; the series are no figures. */
function figureAt(report: Report, metric: string): number | undefined {
  let value: unknown = { ...report, series: undefined };
  for (const step of metric.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[step];
  }
  return typeof value === 'number' ? value : undefined;
}
