import { describe, expect, it } from '@jest/globals';
import { NodeShapes } from '../fragmentation/node-shapes.js';
import { ShapeRooms } from './shape-rooms.js';

describe('the room of shapes', () => {
  it('is worked out once for each shape, and again when its id was given to another', () => {
    const shapes = new NodeShapes(1, 1);
    const asked: number[] = [];
    const rooms = new ShapeRooms(shapes, (shape) => asked.push(shape) + 10 * shape);
    expect([rooms.of(2), rooms.of(2), rooms.of(0)]).toEqual([21, 21, 2]);
    shapes.generation[2] = 1;
    expect([rooms.of(2), rooms.of(2)]).toEqual([23, 23]);
    expect(asked).toEqual([2, 0, 2]);
  });

  it('knows of shapes that come once there is room for more', () => {
    const shapes = new NodeShapes(1, 1);
    const rooms = new ShapeRooms(shapes, (shape) => shape + 1);
    const before = shapes.room;
    expect(rooms.of(before - 1)).toBe(before);
    for (let cpu = 0; shapes.room === before; cpu++) shapes.intern(0, cpu, 0, new Int16Array(1), 1);
    expect([rooms.of(before - 1), rooms.of(before)]).toEqual([before, before + 1]);
  });
});
