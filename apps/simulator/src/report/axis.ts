const SECONDS = 1;
const MINUTES = 60;
const HOURS = 3_600;
const DAYS = 86_400;
/** Distances between marks of a time axis, and the unit they are told in. */
const TIME_STEPS = [
  ...[1, 2, 5, 10, 20].map((step) => ({ step: step * SECONDS, unit: 's', unitS: SECONDS })),
  ...[1, 2, 5, 10, 20].map((step) => ({ step: step * MINUTES, unit: 'min', unitS: MINUTES })),
  ...[0.5, 1, 2, 3, 6, 12].map((step) => ({ step: step * HOURS, unit: 'h', unitS: HOURS })),
  ...[1, 2, 5, 10, 20, 50, 100].map((step) => ({ step: step * DAYS, unit: 'd', unitS: DAYS })),
];
const MARKS_WANTED = 5;
const TIME_MARKS_MAX = 9;
const ROUNDING = 1e-9;

/** A mark on an axis: where, and what stands there. */
export interface Mark {
  readonly at: number;
  readonly label: string;
}

/** Marks from zero up at round distances (1, 2 or 5 times a power of ten); the last one is not below `max`. */
export function valueMarks(max: number): readonly Mark[] {
  const rough = (max > 0 ? max : 1) / MARKS_WANTED;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough - ROUNDING) ?? 10) * power;
  const count = Math.max(1, Math.ceil((max > 0 ? max : 1) / step - ROUNDING));
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + ROUNDING));
  return Array.from({ length: count + 1 }, (_, index) => ({ at: index * step, label: round(index * step, decimals) }));
}

/** Marks of a time axis from zero, in seconds, minutes, hours or days. */
export function timeMarks(durationS: number): { readonly marks: readonly Mark[]; readonly unit: string } {
  const chosen = TIME_STEPS.find(({ step }) => durationS / step <= TIME_MARKS_MAX) ?? TIME_STEPS.at(-1);
  const { step, unit, unitS } = chosen ?? { step: durationS, unit: 's', unitS: SECONDS };
  const count = Math.floor(durationS / step + ROUNDING);
  const decimals = step % unitS === 0 ? 0 : 1;
  return {
    unit,
    marks: Array.from({ length: count + 1 }, (_, index) => ({
      at: index * step,
      label: round((index * step) / unitS, decimals),
    })),
  };
}

function round(value: number, decimals: number): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}
