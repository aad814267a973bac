/** A checkpoint on the object store: what names it, and where its bytes are. Written after its pack. */
export interface CheckpointManifest {
  readonly version: 1;
  readonly taskId: string;
  readonly step: number;
  /** Hash of model and parameters (guarantees.md section 1). */
  readonly modelHash: string;
  /** The engine's state, base64. */
  readonly state: string;
  /** All packs up to here, in order of making; those of earlier attempts included. */
  readonly packs: readonly CheckpointPack[];
}

/** One object that holds the blobs of one checkpoint, one behind the other. */
export interface CheckpointPack {
  readonly key: string;
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
  readonly blobs: readonly { readonly name: string; readonly bytes: number }[];
}

/** Packs a manifest may name; a longer list is refused. */
const PACKS_MAX = 10_000;

export function encodeManifest(manifest: CheckpointManifest): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(manifest));
}

/** The manifest in these bytes, or undefined when they are not one. */
export function decodeManifest(bytes: Uint8Array): CheckpointManifest | undefined {
  const value = parseJson(bytes);
  if (!isRecord(value) || value['version'] !== 1 || !Array.isArray(value['packs'])) return undefined;
  const packs: readonly unknown[] = value['packs'];
  const isWhole =
    typeof value['taskId'] === 'string' &&
    isCount(value['step']) &&
    typeof value['modelHash'] === 'string' &&
    typeof value['state'] === 'string' &&
    packs.length <= PACKS_MAX &&
    packs.every(isPack);
  return isWhole ? (value as unknown as CheckpointManifest) : undefined;
}

/** Lays blobs one behind the other. */
export function joinBlobs(blobs: readonly { readonly bytes: Uint8Array }[]): Uint8Array {
  const joined = new Uint8Array(blobs.reduce((sum, { bytes }) => sum + bytes.length, 0));
  let offset = 0;
  for (const { bytes } of blobs) {
    joined.set(bytes, offset);
    offset += bytes.length;
  }
  return joined;
}

/** The blobs of a pack, without copying. */
export function splitBlobs(pack: CheckpointPack, joined: Uint8Array): { name: string; bytes: Uint8Array }[] {
  let offset = 0;
  return pack.blobs.map(({ name, bytes }) => {
    const part = joined.subarray(offset, offset + bytes);
    offset += bytes;
    return { name, bytes: part };
  });
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

function isPack(value: unknown): value is CheckpointPack {
  if (!isRecord(value) || typeof value['key'] !== 'string' || typeof value['sha256'] !== 'string') return false;
  const blobs: unknown = value['blobs'];
  if (!isCount(value['bytes']) || !Array.isArray(blobs)) return false;
  return blobs.every((blob: unknown) => isRecord(blob) && typeof blob['name'] === 'string' && isCount(blob['bytes']));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
