/**
 * What takes a GPU out of service (SCH-50). `permanent`: it stays out until someone has looked at it; otherwise it may
 * come back after a reset.
 */
export const GPU_FAULTS = ['bus_loss', 'ecc_uncorrectable', 'ecc_count', 'xid'] as const;
export type GpuFaultCode = (typeof GPU_FAULTS)[number];

export interface GpuFault {
  readonly code: GpuFaultCode;
  readonly permanent: boolean;
  /** The line of the kernel's log that says so, where one does. */
  readonly line?: string;
}

/** What the driver tells of one GPU. */
export interface GpuHealthFacts {
  readonly kernelLog: readonly string[];
  /** Corrected errors since the last reset. */
  readonly eccCorrected: number;
}

/** Corrected ECC errors above this wear the card out (SCH-50: a threshold, the value is ours). */
export const ECC_CORRECTED_LIMIT = 1_000;

interface FaultRow extends GpuFault {
  /** Numbers of Xid errors. */
  readonly xids: readonly number[];
  /** Words that say the same without the number, or where the number alone does not. */
  readonly says?: RegExp;
}

/**
 * Xid errors that take a GPU out, by NVIDIA's catalogue for A100 and later (docs.nvidia.com/deploy/xid-errors). What it
 * answers with a reset of the GPU or a new start of the machine is permanent here: neither happens while a worker uses the
 * GPU. First match wins, over all lines: the permanent ones come before the passing, since "Xid 79 … fallen off the bus"
 * may stand beside any other (B20).
 */
const FAULT_ROWS: readonly FaultRow[] = [
  { code: 'bus_loss', permanent: true, xids: [79], says: /fallen off the bus/i },
  {
    // 48 double-bit error, 64 no row left to remap to, 95 not contained, 140 not recovered, 171 and 172 explain a 48.
    ...{ code: 'ecc_uncorrectable', permanent: true, xids: [48, 64, 95, 140, 171, 172] },
    says: /uncorrectable ECC|remap\w*\W+(?:has )?fail|fail\w* to remap|unable to retire/i,
  },
  {
    // 46 GPU stopped, 62 PMU halted, 109 context switch, 110 security fault, 119 and 120 GSP, 136 and 155 links, 143 start-up,
    // 156 resource retired, 158 fatal timeout; 154 tells what the driver wants done.
    ...{ code: 'xid', permanent: true, xids: [46, 62, 109, 110, 119, 120, 136, 143, 155, 156, 158] },
    says: /\bXid\b.*:\s*154\b.*\b(?:reset|reboot)\b.* required/i,
  },
  // 74 and 144-150 NVLink, 92 many corrected errors, 94 a memory error that was contained: the GPU may go on afterwards.
  { code: 'xid', permanent: false, xids: [74, 92, 94, 144, 145, 146, 147, 148, 149, 150] },
];

/**
 * Errors that a program made, by the same catalogue: it is to be started anew, or fails as any other does, and the GPU is
 * fit for the next. Engine and page faults (8-45), its media and copy engines (60, 68-72, 75-77, 80-89, 96-105, 126-135, 139).
 */
const OF_PROGRAMS = new Set([
  ...[8, 11, 13, 25, 31, 32, 37, 38, 39, 40, 41, 43, 44, 45, 60, 66, 67, 68, 69, 70, 71, 72, 75, 76, 77, 80],
  ...[82, 83, 84, 85, 86, 88, 89, 96, 97, 98, 99, 100, 101, 102, 103, 104, 105],
  ...[126, 127, 128, 129, 130, 131, 132, 133, 134, 135, 139, 141],
]);
/** Notes without an action: a row that was remapped (63), test messages, refused links of others, channels retired. */
const NOTES = new Set([14, 63, 93, 106, 107, 108, 121, 137, 154, 160, 161]);

/** The fault to act on, or null while the GPU is fit for work. An Xid that the tables do not know is a passing fault. */
export function gpuFault(facts: GpuHealthFacts): GpuFault | null {
  const found = worstLine(facts.kernelLog);
  if (found?.permanent !== true && facts.eccCorrected > ECC_CORRECTED_LIMIT)
    return { code: 'ecc_count', permanent: true };
  return found;
}

function worstLine(kernelLog: readonly string[]): GpuFault | null {
  const faults = kernelLog.flatMap((line) => lineFault(line) ?? []);
  return faults.toSorted((a, b) => a.rank - b.rank).map(({ rank: _, ...fault }) => fault)[0] ?? null;
}

function lineFault(line: string): (GpuFault & { readonly rank: number }) | null {
  const xid = xidOf(line);
  const rank = FAULT_ROWS.findIndex(
    ({ xids, says }) => says?.test(line) === true || (xid !== null && xids.includes(xid)),
  );
  const row = FAULT_ROWS[rank];
  if (row !== undefined) return { code: row.code, permanent: row.permanent, line, rank };
  if (xid === null || OF_PROGRAMS.has(xid) || NOTES.has(xid)) return null;
  return { code: 'xid', permanent: false, line, rank: FAULT_ROWS.length };
}

/** `NVRM: Xid (PCI:0000:07:00): 31, pid=…` is 31; NaN for an Xid without a number, null for a line about something else. */
function xidOf(line: string): number | null {
  const found = /\bXid\b(?:\s*\([^)]*\))?[\s:]*(\d+)?/i.exec(line);
  return found === null ? null : Number(found[1] ?? NaN);
}
