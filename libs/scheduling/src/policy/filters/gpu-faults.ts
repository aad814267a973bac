/**
 * What takes a GPU out of service (SCH-50). `permanent`: it stays out until someone has looked at it; otherwise it may
 * come back after a reset.
 */
export const GPU_FAULTS = ['bus_loss', 'ecc_uncorrectable', 'ecc_count', 'xid'] as const;
export type GpuFaultCode = (typeof GPU_FAULTS)[number];

export interface GpuFault {
  readonly code: GpuFaultCode;
  readonly permanent: boolean;
}

/** What the driver tells of one GPU. */
export interface GpuHealthFacts {
  readonly kernelLog: readonly string[];
  /** Corrected errors since the last reset. */
  readonly eccCorrected: number;
}

/** Corrected ECC errors above this wear the card out (SCH-50: a threshold, the value is ours). */
export const ECC_CORRECTED_LIMIT = 1_000;

interface FaultPattern extends GpuFault {
  readonly pattern: RegExp;
}

/**
 * First match wins, over all lines: the permanent ones come before the temporary, since "Xid 79 … fallen off the bus"
 * matches both (B20). 48 and 95 are uncorrectable memory errors; any other Xid may be the program's fault.
 */
const FAULT_PATTERNS: readonly FaultPattern[] = [
  { code: 'bus_loss', permanent: true, pattern: /fallen off the bus|\bXid\b.*:\s*79\b/i },
  { code: 'ecc_uncorrectable', permanent: true, pattern: /uncorrectable ECC|\bXid\b.*:\s*(?:48|95)\b/i },
  { code: 'xid', permanent: false, pattern: /\bXid\b/i },
];

/** The fault to act on, or null while the GPU is fit for work. */
export function gpuFault(facts: GpuHealthFacts): GpuFault | null {
  const found = FAULT_PATTERNS.find(({ pattern }) => facts.kernelLog.some((line) => pattern.test(line)));
  if (found?.permanent === true) return { code: found.code, permanent: true };
  if (facts.eccCorrected > ECC_CORRECTED_LIMIT) return { code: 'ecc_count', permanent: true };
  return found === undefined ? null : { code: found.code, permanent: found.permanent };
}
