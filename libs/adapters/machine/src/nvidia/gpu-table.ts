/** A GPU as `nvidia-smi --query-gpu` lists it. */
export interface ListedGpu {
  readonly index: number;
  readonly uuid: string;
  /** As `0000:07:00`: the part that the kernel's log names it by. */
  readonly busId: string;
  readonly name: string;
  /** Undefined where it may not be read, as for a MIG slice in a container. */
  readonly vramMiB: number | undefined;
  readonly driver: string | undefined;
  readonly isMig: boolean;
}

/** Errors of its memory since the last reset, as the driver counts them. */
export interface ErrorCounts {
  readonly corrected: number;
  readonly uncorrected: number;
  /** A field says so in place of its value. */
  readonly lost: boolean;
}

export const LIST_FIELDS = [
  'index',
  'uuid',
  'pci.bus_id',
  'name',
  'memory.total',
  'driver_version',
  'mig.mode.current',
];
export const HEALTH_FIELDS = ['uuid', 'ecc.errors.corrected.volatile.total', 'ecc.errors.uncorrected.volatile.total'];

/** `--format=csv,noheader,nounits`; a line that is no row, as a warning is, is passed over. */
export function parseGpuList(output: string): readonly ListedGpu[] {
  return rowsOf(output, LIST_FIELDS.length).flatMap(([index, uuid, bus, name, memory, driver, mig]) => {
    const position = numberOf(index);
    const busId = busIdOf(bus ?? '');
    if (position === undefined || uuid === undefined || !uuid.startsWith('GPU-') || busId === undefined) return [];
    const vramMiB = numberOf(memory);
    return [
      { index: position, uuid, busId, name: name ?? '', vramMiB, driver: known(driver), isMig: mig === 'Enabled' },
    ];
  });
}

/** By UUID. A GPU without ECC says `[N/A]`: it counts none. */
export function parseErrorCounts(output: string): ReadonlyMap<string, ErrorCounts> {
  const rows = rowsOf(output, HEALTH_FIELDS.length).filter(([uuid]) => uuid?.startsWith('GPU-') === true);
  return new Map(
    rows.map(([uuid = '', corrected, uncorrected]) => {
      const lost = [corrected, uncorrected].some((field) => field !== undefined && /GPU is lost/i.test(field));
      return [uuid, { corrected: numberOf(corrected) ?? 0, uncorrected: numberOf(uncorrected) ?? 0, lost }];
    }),
  );
}

/** GPUs that the driver no longer answers for, by bus id: it complains of each instead of listing it. */
export function parseLostGpus(output: string): readonly string[] {
  const complaints = output.matchAll(/Unable to determine the device handle for GPU\s*:?\s*([0-9a-f:.]+)/gi);
  return [...complaints].flatMap(([, bus = '']) => busIdOf(bus) ?? []);
}

/** `00000000:07:00.0`, `0000:07:00` and `PCI:0000:07:00` are one. */
export function busIdOf(text: string): string | undefined {
  const match = /([0-9a-f]{4,8}):([0-9a-f]{2}):([0-9a-f]{2})/i.exec(text);
  if (match === null) return undefined;
  const [, domain = '', bus, device] = match;
  return `${domain.slice(-4)}:${bus}:${device}`.toLowerCase();
}

function rowsOf(output: string, width: number): readonly (readonly string[])[] {
  const rows = output.split('\n').map((line) => line.split(',').map((field) => field.trim()));
  return rows.filter((fields) => fields.length === width);
}

function known(field: string | undefined): string | undefined {
  return field === undefined || field === '' || field.startsWith('[') || field === 'N/A' ? undefined : field;
}

function numberOf(field: string | undefined): number | undefined {
  const text = known(field);
  if (text === undefined || !/^\d+$/.test(text)) return undefined;
  return Number(text);
}
