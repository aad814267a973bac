/**
 * Compares dotted versions number by number (`535.104.5` > `535.54`); a missing part counts as 0, and what is no number
 * as 0 too, so that an unreadable version never passes a floor. Negative: a is older.
 */
export function compareVersions(a: string, b: string): number {
  const left = partsOf(a);
  const right = partsOf(b);
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const apart = (left[at] ?? 0) - (right[at] ?? 0);
    if (apart !== 0) return apart;
  }
  return 0;
}

function partsOf(version: string): readonly number[] {
  return version.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : 0));
}
