import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { engineCrashed } from '../engine-errors.js';

interface Blob {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const LENGTH_BYTES = 4;

/**
 * The frames of a run for its checkpoints, without loss: each as the difference to the one before, deflated (15–50 kB
 * of 300 kB, 1–2 ms). A blob is a row of frames, each with its length in front (uint32, little endian).
 */
export class FrameJournal {
  private readonly packed: Buffer[] = [];
  private taken: number;

  /** @param last the last of the `count` frames that earlier blobs hold. */
  constructor(
    private count = 0,
    private last?: Uint8Array,
  ) {
    this.taken = count;
  }

  add(frame: Uint8Array): void {
    this.packed.push(deflateRawSync(difference(frame, this.last), { level: 1 }));
    this.last = frame;
    this.count++;
  }

  /** The frames before number `until` that no earlier call has returned, as at most one blob. */
  take(until: number): readonly Blob[] {
    const from = this.taken;
    if (until <= from) return [];
    const frames = this.packed.splice(0, until - from);
    this.taken = until;
    return [{ name: blobName(from, until), bytes: Buffer.concat(frames.flatMap(withLength)) }];
  }
}

/**
 * The first `count` frames out of all blobs of a run, in order.
 * Errors: `engine_crashed` when the blobs hold fewer, or are damaged.
 */
export function* unpackFrames(blobs: readonly Blob[], count: number, frameBytes: number): Generator<Uint8Array> {
  let last: Uint8Array | undefined;
  let unpacked = 0;
  for (const packed of packedFrames(blobs)) {
    if (unpacked === count) return;
    last = restored(inflated(packed, frameBytes), last);
    unpacked++;
    yield last;
  }
  if (unpacked < count) throw engineCrashed(`the checkpoint holds ${unpacked} of ${count} frames`);
}

function* packedFrames(blobs: readonly Blob[]): Generator<Buffer> {
  for (const { name, bytes } of blobs) {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at < buffer.length;) {
      const end = at + LENGTH_BYTES > buffer.length ? Infinity : at + LENGTH_BYTES + buffer.readUInt32LE(at);
      if (end > buffer.length) throw engineCrashed(`the checkpoint's ${name} is cut off`);
      yield buffer.subarray(at + LENGTH_BYTES, end);
      at = end;
    }
  }
}

function inflated(packed: Buffer, frameBytes: number): Buffer {
  try {
    const bytes = inflateRawSync(packed, { maxOutputLength: frameBytes });
    if (bytes.length === frameBytes) return bytes;
  } catch (cause) {
    throw engineCrashed('the checkpoint is damaged', cause);
  }
  throw engineCrashed('the checkpoint is of another frame size');
}

function withLength(packed: Buffer): readonly Buffer[] {
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(packed.length);
  return [length, packed];
}

function blobName(from: number, until: number): string {
  const number = (frame: number): string => String(frame).padStart(5, '0');
  return `frames-${number(from)}-${number(until - 1)}`;
}

/** Bytes wrap around: modulo 256 both ways. */
function difference(frame: Uint8Array, last: Uint8Array | undefined): Uint8Array {
  if (last === undefined) return frame;
  const bytes = new Uint8Array(frame.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = frame[i]! - last[i]!;
  return bytes;
}

function restored(bytes: Uint8Array, last: Uint8Array | undefined): Uint8Array {
  if (last === undefined) return bytes;
  for (let i = 0; i < bytes.length; i++) bytes[i]! += last[i]!;
  return bytes;
}
