import { describe, expect, it } from '@jest/globals';
import { Canvas } from './canvas.js';
import { ditheredBytes } from './dither.js';
import { coverSize, paintImage } from './image-backdrop.js';
import { inParts } from './in-parts.js';

describe('Canvas', () => {
  it('has square pixels around the middle', () => {
    const canvas = new Canvas(4, 2);
    expect([...canvas.columns]).toEqual([-1.5, -0.5, 0.5, 1.5]);
    expect([...canvas.rows]).toEqual([-0.5, 0.5]);
    expect([...canvas.points.subarray(0, 4)]).toEqual([-1.5, -0.5, -0.5, -0.5]);
  });

  it('clips a box to the frame, and leaves nothing of one outside', () => {
    const canvas = new Canvas(40, 20);
    expect(canvas.boxAround(0, 0, 9, 9)).toEqual({ fromColumn: 0, toColumn: 39, fromRow: 0, toRow: 19 });
    const outside = canvas.boxAround(9, 0, 0.1, 0.1);
    expect(outside.toColumn).toBeLessThan(outside.fromColumn);
  });
});

describe('inParts', () => {
  it.each([0, 1, 8128, 8129, 8192, 99_840, 104_640])(
    'covers %d points once, in parts that start at multiples of 64',
    async (count) => {
      const parts: [number, number][] = [];
      await inParts(count, (from, to) => {
        parts.push([from, to]);
        return Promise.resolve();
      });
      expect(parts.map(([from]) => from)).toEqual([0, ...parts.map(([, to]) => to)].slice(0, parts.length));
      expect(parts.at(-1)?.[1] ?? 0).toBe(count);
      const sizes = parts.map(([from, to]) => to - from);
      expect(parts.every(([from]) => from % 64 === 0)).toBe(true);
      if (count > 1) expect(Math.min(...sizes)).toBeGreaterThan(1);
      expect(Math.max(0, ...sizes)).toBeLessThanOrEqual(8192);
    },
  );
});

describe('ditheredBytes', () => {
  it('keeps within a byte and hits a grey on average', () => {
    const canvas = new Canvas(16, 16);
    const grey = 100.25;
    const bytes = ditheredBytes(new Float32Array(3 * canvas.pixels).fill(grey / 255), canvas);
    expect(new Set(bytes)).toEqual(new Set([100, 101]));
    expect(bytes.reduce((sum, byte) => sum + byte, 0) / bytes.length).toBeCloseTo(grey, 5);
    const extremes = Float32Array.from({ length: 3 * canvas.pixels }, (_, i) => (i % 2 === 0 ? -3 : 7));
    expect(new Set(ditheredBytes(extremes, canvas))).toEqual(new Set([0, 255]));
  });
});

describe('paintImage', () => {
  const canvas = new Canvas(40, 20);
  const { width, height } = coverSize(canvas);

  it('shows a plain picture as it is at any moment', () => {
    const image = { width, height, rgb: new Uint8Array(3 * width * height).fill(51) };
    for (const moment of [0, 0.5, 1]) {
      const rgb = new Float32Array(3 * canvas.pixels);
      paintImage(rgb, canvas, image, moment);
      expect(Math.max(...rgb.map((v) => Math.abs(v - 0.2)))).toBeLessThan(1e-6);
    }
  });

  it('starts with the whole picture and pushes in', () => {
    const ramp = Uint8Array.from({ length: 3 * width * height }, (_, i) => 5 * (Math.floor(i / 3) % width));
    const edgeAt = (moment: number): number => {
      const rgb = new Float32Array(3 * canvas.pixels);
      paintImage(rgb, canvas, { width, height, rgb: ramp }, moment);
      return (255 * (rgb[0] ?? NaN)) / 5;
    };
    expect(edgeAt(0)).toBeCloseTo(0, 5);
    expect(edgeAt(1)).toBeCloseTo((0.075 * (width - 1)) / 2, 3);
  });
});
