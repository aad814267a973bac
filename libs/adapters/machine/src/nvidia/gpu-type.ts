/** Between the two sizes in which A100 and H100 are sold. */
const SMALLER_BELOW_MIB = 60_000;
const IN_TWO_SIZES = /\b(A100|H100)\b/;
/** A letter or two, figures, and perhaps a letter: A10G, T4, L40S, H200, V100. */
const MODEL = /\b([A-Z]{1,2}\d{1,4}[A-Z]?)\b/;

/**
 * The name of a GPU as tasks, prices and MIG profiles have it, from the driver's: `NVIDIA A100-SXM4-40GB` is
 * `A100-40GB`, `Tesla V100-SXM2-16GB` is `V100`, `NVIDIA GeForce RTX 4090` is `GeForce-RTX-4090`.
 */
export function gpuTypeOf(name: string, vramMiB: number | undefined): string {
  const plain = name.replace(/^(?:NVIDIA|Tesla)\s+/g, '').replace(/^Tesla\s+/, '');
  const sized = IN_TWO_SIZES.exec(plain)?.[1];
  if (sized !== undefined) return `${sized}-${isSmaller(plain, vramMiB) ? 40 : 80}GB`;
  if (/^(?:GeForce|Quadro|RTX|TITAN)\b/i.test(plain)) return plain.replace(/\s+/g, '-');
  return MODEL.exec(plain)?.[1] ?? plain.replace(/\s+/g, '-');
}

function isSmaller(name: string, vramMiB: number | undefined): boolean {
  return vramMiB === undefined ? name.includes('40GB') : vramMiB < SMALLER_BELOW_MIB;
}
