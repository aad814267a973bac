import { describe, expect, it } from '@jest/globals';
import { seededRng } from '@millrace/kernel';
import { FrameJournal, unpackFrames } from './frame-journal.js';
import { decodeRunState, encodeRunState } from './run-state.js';

const FRAME_BYTES = 300;
/** Frames that change a little from one to the next, with bytes that wrap around. */
function frames(count: number): Uint8Array[] {
  const rng = seededRng(1);
  const first = rng.bytes(FRAME_BYTES);
  return Array.from({ length: count }, (_, i) => first.map((byte, k) => (k % 7 === 0 ? byte + 31 * i : byte)));
}
function journalOf(all: readonly Uint8Array[]): FrameJournal {
  const journal = new FrameJournal();
  for (const frame of all) journal.add(frame);
  return journal;
}
const plain = (all: Iterable<Uint8Array>): number[][] => Array.from(all, (frame) => [...frame]);

describe('FrameJournal', () => {
  it('gives frames back without loss, from one blob or several', () => {
    const all = frames(6);
    const journal = journalOf(all);
    const blobs = [...journal.take(2), ...journal.take(3), ...journal.take(6)];
    expect(blobs.map(({ name }) => name)).toEqual(['frames-00000-00001', 'frames-00002-00002', 'frames-00003-00005']);
    expect(plain(unpackFrames(blobs, 6, FRAME_BYTES))).toEqual(plain(all));
  });

  it('goes on after the frames of an earlier run', () => {
    const all = frames(5);
    const earlier = journalOf(all.slice(0, 2)).take(2);
    const later = new FrameJournal(2, all[1]);
    for (const frame of all.slice(2)) later.add(frame);
    expect(plain(unpackFrames([...earlier, ...later.take(5)], 5, FRAME_BYTES))).toEqual(plain(all));
  });

  it('gives the frames of an earlier step when asked for it late, and nothing twice', () => {
    const journal = journalOf(frames(4));
    expect(journal.take(3)).toHaveLength(1);
    expect(journal.take(2)).toEqual([]);
    expect(journal.take(3)).toEqual([]);
    expect(journal.take(4).map(({ name }) => name)).toEqual(['frames-00003-00003']);
  });

  it('stops at the number of frames that the state names', () => {
    const all = frames(4);
    expect(plain(unpackFrames(journalOf(all).take(4), 2, FRAME_BYTES))).toEqual(plain(all.slice(0, 2)));
  });

  const blobs = journalOf(frames(3)).take(3);
  const bytes = blobs[0]?.bytes ?? new Uint8Array();
  it.each([
    ['frames are missing', blobs, 4, FRAME_BYTES],
    ['a blob is cut off', [{ name: 'cut', bytes: bytes.slice(0, -1) }], 3, FRAME_BYTES],
    ['a length is cut off', [{ name: 'cut', bytes: bytes.slice(0, 3) }], 1, FRAME_BYTES],
    ['a byte is wrong', [{ name: 'wrong', bytes: bytes.map((byte, i) => (i === 4 ? 0xff : byte)) }], 3, FRAME_BYTES],
    ['frames are smaller', blobs, 3, FRAME_BYTES + 3],
    ['frames are larger', blobs, 3, FRAME_BYTES - 3],
  ])('fails when %s', (_, damaged, count, frameBytes) => {
    expect(() => plain(unpackFrames(damaged, count, frameBytes))).toThrow(
      expect.objectContaining({ code: 'engine_crashed' }),
    );
  });
});

describe('run state', () => {
  it('survives as JSON, to the bit', () => {
    const z = Float32Array.from({ length: 220 }, (_, i) => Math.sin(i) / 3);
    const bytes = encodeRunState({ denoising: { step: 7, z }, frames: 12 });
    expect(decodeRunState(bytes)).toEqual({ denoising: { step: 7, z }, frames: 12 });
    expect(bytes.length).toBeLessThan(8_000);
  });

  it.each([
    ['no JSON', 'x'],
    ['another version', '{"version":2,"denoising":{"step":0,"z":[]},"frames":0}'],
  ])('is refused when it is %s', (_, text) => {
    expect(() => decodeRunState(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'engine_crashed' }));
  });
});
