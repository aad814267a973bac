/**
 * The pixel grid that a clip is painted on. Coordinates: y from -1 (top) to 1 (bottom), x from -aspect to aspect,
 * taken at pixel centres; lengths are in half frame heights.
 */
export class Canvas {
  readonly aspect: number;
  readonly pixels: number;
  /** x of each column. */
  readonly columns: Float64Array;
  /** y of each row. */
  readonly rows: Float64Array;
  /** (x, y) of each pixel, row by row: the networks' input. */
  readonly points: Float32Array;

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.aspect = width / height;
    this.pixels = width * height;
    this.columns = Float64Array.from({ length: width }, (_, i) => (((i + 0.5) / width) * 2 - 1) * this.aspect);
    this.rows = Float64Array.from({ length: height }, (_, j) => ((j + 0.5) / height) * 2 - 1);
    this.points = new Float32Array(2 * this.pixels);
    let k = 0;
    for (const y of this.rows) {
      for (const x of this.columns) {
        this.points[k++] = x;
        this.points[k++] = y;
      }
    }
  }

  get size(): { readonly width: number; readonly height: number } {
    return { width: this.width, height: this.height };
  }

  /** Height of a pixel: the networks blur edges over it. */
  get foot(): number {
    return 2 / this.height;
  }

  /** Bytes of a picture in rgb24. */
  get frameBytes(): number {
    return 3 * this.pixels;
  }

  /** The pixels around (x, y) that lie in the frame, bounds included; empty where `to` is below `from`. */
  boxAround(x: number, y: number, reachX: number, reachY: number): PixelBox {
    const column = (value: number): number => (value / this.aspect + 1) * 0.5 * this.width;
    const row = (value: number): number => (value + 1) * 0.5 * this.height;
    return {
      fromColumn: Math.max(0, Math.floor(column(x - reachX))),
      toColumn: Math.min(this.width - 1, Math.ceil(column(x + reachX))),
      fromRow: Math.max(0, Math.floor(row(y - reachY))),
      toRow: Math.min(this.height - 1, Math.ceil(row(y + reachY))),
    };
  }
}

export interface PixelBox {
  readonly fromColumn: number;
  readonly toColumn: number;
  readonly fromRow: number;
  readonly toRow: number;
}
