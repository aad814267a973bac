import { invariant } from '@millrace/kernel';
import { widened } from '../widened.js';
import { NodeHeaps } from './node-heaps.js';
import { NodeShapes, powerOfTwoAbove } from './node-shapes.js';

/** Thousandths of one GPU. */
export const GPU_MILLI = 1000;
/** GPUs of one node at most: a set of them is a bit mask. */
const GPUS_PER_NODE_LIMIT = 16;
/** Nodes of a cluster at most. */
const NODES_LIMIT = 1 << 20;

/** What a node has when nothing runs on it. */
export interface NodeSize {
  /**
   * Nodes of one kind differ in nothing but size and load: GPU model, pool, labels, taints, whatever filters look at.
   * Small numbers from 0; a task class says which kinds it may use.
   */
  readonly kind: number;
  readonly cpuMilli: number;
  readonly memoryMib: number;
  readonly gpus: number;
}

/** What one task takes of its node: `gpuMilli` thousandths of each of `gpus` GPUs (1000: whole ones). */
export interface Demand {
  readonly cpuMilli: number;
  readonly memoryMib: number;
  readonly gpus: number;
  readonly gpuMilli: number;
}

/**
 * Free CPU, memory and GPU thousandths of every node, in flat typed arrays. `take` and `release` cost O(GPUs of a node);
 * what is released as it was taken leaves no trace.
 *
 * Nodes with equal kind and equal free amounts share a *shape* (`shapes`): `shapeOf[node]`, `shapes.nodeCount[shape]`,
 * `firstNode(shape)` (the lowest index), and `liveShapes()` are the free lists. A policy scores shapes, not nodes.
 * `newsAt(i)`, i < `newsLength`, tells each time a shape got its first node, so that a candidate list needs to look only
 * at what is new.
 *
 * Arrays are to be read only. Amounts must fit: `take` breaks an invariant rather than go below zero.
 */
export class ClusterCapacity {
  readonly nodeCount: number;
  /** GPUs of a node at most: `freeGpuMilli[node * stride + gpu]`. */
  readonly stride: number;
  readonly kind: Uint16Array;
  readonly gpuCount: Uint8Array;
  readonly freeCpuMilli: Int32Array;
  readonly freeMemoryMib: Int32Array;
  readonly freeGpuMilli: Int16Array;
  readonly shapeOf: Int32Array;
  readonly shapes: NodeShapes;
  /** Sum over all nodes. */
  readonly totalGpuMilli: number;
  freeGpuMilliTotal: number;

  private readonly heaps: NodeHeaps;
  private tops: Int32Array;
  private live: Int32Array;
  private livePosition: Int32Array;
  private liveCount = 0;
  /** A ring: its length is a power of two. */
  private news: Int32Array;
  private newsCount = 0;
  private readonly sorted: Int16Array;

  constructor(nodes: readonly NodeSize[]) {
    invariant(nodes.length <= NODES_LIMIT, `a cluster has at most ${NODES_LIMIT} nodes`);
    this.nodeCount = nodes.length;
    this.stride = nodes.reduce((most, node) => Math.max(most, node.gpus), 1);
    invariant(this.stride <= GPUS_PER_NODE_LIMIT, `a node has at most ${GPUS_PER_NODE_LIMIT} GPUs`);
    this.kind = Uint16Array.from(nodes, (node) => node.kind);
    this.gpuCount = Uint8Array.from(nodes, (node) => node.gpus);
    this.freeCpuMilli = Int32Array.from(nodes, (node) => node.cpuMilli);
    this.freeMemoryMib = Int32Array.from(nodes, (node) => node.memoryMib);
    this.freeGpuMilli = new Int16Array(nodes.length * this.stride);
    nodes.forEach((node, at) => this.freeGpuMilli.fill(GPU_MILLI, at * this.stride, at * this.stride + node.gpus));
    this.totalGpuMilli = nodes.reduce((sum, node) => sum + node.gpus * GPU_MILLI, 0);
    this.freeGpuMilliTotal = this.totalGpuMilli;
    this.shapes = new NodeShapes(nodes.length, this.stride);
    this.heaps = new NodeHeaps(nodes.length);
    this.tops = new Int32Array(this.shapes.room).fill(-1);
    this.live = new Int32Array(this.shapes.room);
    this.livePosition = new Int32Array(this.shapes.room).fill(-1);
    this.news = new Int32Array(powerOfTwoAbove(this.shapes.room * 2));
    this.sorted = new Int16Array(this.stride);
    this.shapeOf = new Int32Array(nodes.length).fill(-1);
    for (let node = 0; node < nodes.length; node++) this.enter(node);
  }

  /** The node of this shape with the lowest index, -1 without one. */
  firstNode(shape: number): number {
    return this.tops[shape] ?? -1;
  }

  /** Shapes that have a node, in no particular order. */
  liveShapes(): Int32Array {
    return this.live.subarray(0, this.liveCount);
  }

  /** Number of times that a shape got its first node. */
  get newsLength(): number {
    return this.newsCount;
  }

  /** The shape of that piece of news, -1 when it is too long ago to be known. */
  newsAt(index: number): number {
    return index < this.newsCount - this.news.length ? -1 : (this.news[index & (this.news.length - 1)] ?? -1);
  }

  /** The GPUs to use for `count` × `freeMilli`: the lowest that have exactly this much free, as a bit mask. */
  gpusWith(node: number, freeMilli: number, count: number): number {
    const at = node * this.stride;
    const gpuCount = this.gpuCount[node] ?? 0;
    let mask = 0;
    for (let gpu = 0, left = count; gpu < gpuCount && left > 0; gpu++) {
      if (this.freeGpuMilli[at + gpu] !== freeMilli) continue;
      mask |= 1 << gpu;
      left -= 1;
    }
    return mask;
  }

  /** The GPUs with the least free that still have `gpuMilli`, the lowest among equals, as a bit mask. */
  tightestGpus(node: number, gpuMilli: number, count: number): number {
    const at = node * this.stride;
    const gpuCount = this.gpuCount[node] ?? 0;
    let mask = 0;
    for (let left = count; left > 0; left--) {
      let best = -1;
      for (let gpu = 0; gpu < gpuCount; gpu++) {
        const free = this.freeGpuMilli[at + gpu] ?? 0;
        if ((mask & (1 << gpu)) !== 0 || free < gpuMilli) continue;
        if (best === -1 || free < (this.freeGpuMilli[at + best] ?? 0)) best = gpu;
      }
      if (best === -1) return 0;
      mask |= 1 << best;
    }
    return mask;
  }

  /** Takes the demand from the node, its GPU share from each GPU of the mask. */
  take(node: number, cpuMilli: number, memoryMib: number, gpuMilli: number, gpuMask: number): void {
    this.assertRoom(node, cpuMilli, memoryMib, gpuMilli, gpuMask);
    this.move(node, cpuMilli, memoryMib, gpuMilli, gpuMask);
  }

  /** Gives it back: the task on that node ended. */
  release(node: number, cpuMilli: number, memoryMib: number, gpuMilli: number, gpuMask: number): void {
    this.assertRoom(node, -cpuMilli, -memoryMib, -gpuMilli, gpuMask);
    this.move(node, -cpuMilli, -memoryMib, -gpuMilli, gpuMask);
  }

  /** The node is of another kind from now on (what runs on it changes what filters say). */
  setKind(node: number, kind: number): void {
    if (this.kind[node] === kind) return;
    this.leave(node);
    this.kind[node] = kind;
    this.enter(node);
  }

  private assertRoom(node: number, cpuMilli: number, memoryMib: number, gpuMilli: number, gpuMask: number): void {
    const cpuLeft = (this.freeCpuMilli[node] ?? 0) - cpuMilli;
    const memoryLeft = (this.freeMemoryMib[node] ?? 0) - memoryMib;
    invariant(cpuLeft >= 0 && memoryLeft >= 0, 'a node gives no more CPU and memory than it has');
    invariant(gpuMask >>> (this.gpuCount[node] ?? 0) === 0, 'a mask names GPUs that the node has');
    const at = node * this.stride;
    for (let gpu = 0, mask = gpuMask; mask !== 0; gpu++, mask >>>= 1) {
      if ((mask & 1) === 0) continue;
      const left = (this.freeGpuMilli[at + gpu] ?? 0) - gpuMilli;
      invariant(left >= 0 && left <= GPU_MILLI, 'a GPU gives no more than it has and gets back no more than it gave');
    }
  }

  private move(node: number, cpuMilli: number, memoryMib: number, gpuMilli: number, gpuMask: number): void {
    this.leave(node);
    this.freeCpuMilli[node] = (this.freeCpuMilli[node] ?? 0) - cpuMilli;
    this.freeMemoryMib[node] = (this.freeMemoryMib[node] ?? 0) - memoryMib;
    const at = node * this.stride;
    for (let gpu = 0, mask = gpuMask; mask !== 0; gpu++, mask >>>= 1) {
      if ((mask & 1) === 0) continue;
      this.freeGpuMilli[at + gpu] = (this.freeGpuMilli[at + gpu] ?? 0) - gpuMilli;
      this.freeGpuMilliTotal -= gpuMilli;
    }
    this.enter(node);
  }

  private leave(node: number): void {
    const shape = this.shapeOf[node] ?? -1;
    this.tops[shape] = this.heaps.remove(this.tops[shape] ?? -1, node);
    const count = (this.shapes.nodeCount[shape] ?? 0) - 1;
    this.shapes.nodeCount[shape] = count;
    if (count > 0) return;
    const position = this.livePosition[shape] ?? -1;
    this.liveCount -= 1;
    const last = this.live[this.liveCount] ?? -1;
    this.live[position] = last;
    this.livePosition[last] = position;
    this.livePosition[shape] = -1;
    this.shapes.retire(shape);
  }

  private enter(node: number): void {
    const shape = this.internShape(node);
    this.shapeOf[node] = shape;
    this.tops[shape] = this.heaps.insert(this.tops[shape] ?? -1, node);
    const count = (this.shapes.nodeCount[shape] ?? 0) + 1;
    this.shapes.nodeCount[shape] = count;
    if (count > 1) return;
    this.live[this.liveCount] = shape;
    this.livePosition[shape] = this.liveCount;
    this.liveCount += 1;
    this.news[this.newsCount & (this.news.length - 1)] = shape;
    this.newsCount += 1;
  }

  private internShape(node: number): number {
    const gpuCount = this.gpuCount[node] ?? 0;
    const at = node * this.stride;
    for (let gpu = 0; gpu < gpuCount; gpu++) {
      const free = this.freeGpuMilli[at + gpu] ?? 0;
      let place = gpu;
      for (; place > 0 && (this.sorted[place - 1] ?? 0) > free; place--)
        this.sorted[place] = this.sorted[place - 1] ?? 0;
      this.sorted[place] = free;
    }
    const cpuMilli = this.freeCpuMilli[node] ?? 0;
    const shape = this.shapes.intern(
      this.kind[node] ?? 0,
      cpuMilli,
      this.freeMemoryMib[node] ?? 0,
      this.sorted,
      gpuCount,
    );
    if (this.shapes.room > this.tops.length) this.grow();
    return shape;
  }

  private grow(): void {
    const room = this.shapes.room;
    this.tops = widened(this.tops, new Int32Array(room).fill(-1));
    this.live = widened(this.live, new Int32Array(room));
    this.livePosition = widened(this.livePosition, new Int32Array(room).fill(-1));
    const news = new Int32Array(powerOfTwoAbove(room * 2));
    for (let index = Math.max(0, this.newsCount - this.news.length); index < this.newsCount; index++) {
      news[index & (news.length - 1)] = this.news[index & (this.news.length - 1)] ?? -1;
    }
    this.news = news;
  }
}
