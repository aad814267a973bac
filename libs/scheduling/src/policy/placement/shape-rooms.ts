import type { NodeShapes } from '../fragmentation/node-shapes.js';
import { widened } from '../widened.js';

/** Stands for "as many as there may be". */
const ROOM_LIMIT = 2 ** 30;

/** How many tasks of one class a node of each shape takes: it is the same as long as the shape is, so it is kept. */
export class ShapeRooms {
  private rooms = new Int32Array(0);
  /** Generation of the shape that a figure belongs to, plus one; 0: none. */
  private known = new Uint32Array(0);

  constructor(
    private readonly shapes: NodeShapes,
    private readonly workOut: (shape: number) => number,
  ) {}

  of(shape: number): number {
    if (shape >= this.rooms.length) this.grow();
    const generation = (this.shapes.generation[shape] ?? 0) + 1;
    if (this.known[shape] !== generation) {
      this.known[shape] = generation;
      this.rooms[shape] = Math.min(ROOM_LIMIT, this.workOut(shape));
    }
    return this.rooms[shape] ?? 0;
  }

  private grow(): void {
    const { room } = this.shapes;
    this.rooms = widened(this.rooms, new Int32Array(room));
    this.known = widened(this.known, new Uint32Array(room));
  }
}
