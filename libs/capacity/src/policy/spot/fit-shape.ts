const BINS_MAX = 64;

type Fields = Readonly<Record<string, unknown>>;

/** Whether a value is an object with fields. */
export function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The first thing that is wrong with the figures of a Spot fit: a sentence that names the field. */
export function fitFault(value: unknown): string | undefined {
  if (!isRecord(value)) return 'figures must be an object with ageBins, on and off.';
  return (
    positiveFault(value, 'tickSeconds') ??
    positiveFault(value, 'endRateSpread') ??
    positiveFault(value, 'evidenceHalfLifeTicks') ??
    binsFault(value.ageBins, 'ageBins') ??
    (value.pastRunBins === undefined ? undefined : binsFault(value.pastRunBins, 'pastRunBins')) ??
    runFault(value, 'on') ??
    runFault(value, 'off')
  );
}

/** What is wrong with a figure that must be a positive number. */
export function positiveFault(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === 'number' && value > 0 && Number.isFinite(value)
    ? undefined
    : `figures.${name} must be a number above 0.`;
}

function binsFault(bins: unknown, name: string): string | undefined {
  const rises =
    Array.isArray(bins) &&
    bins.length > 0 &&
    bins.length <= BINS_MAX &&
    bins[0] === 1 &&
    bins.every((age, index) => Number.isInteger(age) && (index === 0 || age > bins[index - 1]));
  return rises ? undefined : `figures.${name} must be 1 to ${BINS_MAX} whole numbers of ticks that rise from 1.`;
}

function runFault(fit: Fields, kind: 'on' | 'off'): string | undefined {
  const figures = fit[kind];
  if (!isRecord(figures)) return `figures.${kind} must be an object with endChance and growChance.`;
  const bins = (fit.ageBins as readonly number[]).length;
  return (
    chancesFault(figures.endChance, `figures.${kind}.endChance`, bins, 0.999) ??
    chancesFault(figures.growChance, `figures.${kind}.growChance`, bins, 1) ??
    ((figures.growChance as readonly number[])[bins - 1] === 0
      ? undefined
      : `figures.${kind}.growChance must end with 0: no bin comes after the last.`) ??
    pastFault(figures.endChanceAfter, `figures.${kind}.endChanceAfter`, fit.pastRunBins, bins)
  );
}

function pastFault(rows: unknown, name: string, pastBins: unknown, bins: number): string | undefined {
  if (pastBins === undefined) return rows === undefined ? undefined : `${name} needs figures.pastRunBins.`;
  const pasts = (pastBins as readonly number[]).length;
  if (!Array.isArray(rows) || rows.length !== pasts) {
    return `${name} must hold ${pasts} rows, one for each of figures.pastRunBins.`;
  }
  return rows
    .map((row, past) => chancesFault(row, `${name}[${past}]`, bins, 0.999))
    .find((fault) => fault !== undefined);
}

function chancesFault(chances: unknown, name: string, bins: number, most: number): string | undefined {
  const wrong = `${name} must hold ${bins} chances from 0 to ${most}, one for each of figures.ageBins.`;
  if (!Array.isArray(chances) || chances.length !== bins) return wrong;
  return chances.every((chance) => typeof chance === 'number' && chance >= 0 && chance <= most) ? undefined : wrong;
}
