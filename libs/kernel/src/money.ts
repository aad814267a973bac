/** Integer billionths of a US dollar. The only form of money in the code; a decimal string in JSON. */
export type NanoDollars = bigint;

const NANO_PER_DOLLAR = 1_000_000_000n;
const MS_PER_HOUR = 3_600_000n;

/** Cost of `gpuMs` at a price per GPU-hour, rounded half up to a nano-dollar. Both arguments are non-negative. */
export function costOf(gpuMs: bigint, pricePerGpuHour: NanoDollars): NanoDollars {
  return (gpuMs * pricePerGpuHour * 2n + MS_PER_HOUR) / (2n * MS_PER_HOUR);
}

/** `0.0031` for 3_100_000n: dollars as a decimal string without trailing zeros. */
export function formatDollars(nano: NanoDollars): string {
  const sign = nano < 0n ? '-' : '';
  const abs = nano < 0n ? -nano : nano;
  const fraction = (abs % NANO_PER_DOLLAR).toString().padStart(9, '0').replace(/0+$/, '');
  return `${sign}${abs / NANO_PER_DOLLAR}${fraction === '' ? '' : `.${fraction}`}`;
}

/** Reads a decimal string of dollars with at most nine decimals. Throws a RangeError on anything else. */
export function parseDollars(text: string): NanoDollars {
  const match = /^(-?)(\d{1,15})(?:\.(\d{1,9}))?$/.exec(text);
  if (match === null) throw new RangeError(`"${text}" is no amount of dollars: write for example 0.25`);
  const [, sign, whole, fraction] = match;
  const nano = BigInt(whole ?? '0') * NANO_PER_DOLLAR + BigInt((fraction ?? '').padEnd(9, '0'));
  return sign === '-' ? -nano : nano;
}
