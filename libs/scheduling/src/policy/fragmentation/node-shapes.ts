import { invariant } from '@millrace/kernel';
import { widened } from '../widened.js';

const HASH_PRIME = 0x01000193;
const HASH_BASIS = 0x811c9dc5;
/** Shapes without a node are kept up to this many times the number of nodes: what was computed for them is kept too. */
const RETAINED_SHAPES_PER_NODE = 4;
const RETAINED_SHAPES_MIN = 4096;

/**
 * Interns shapes: a shape is a node kind with its free CPU, memory and sorted free GPU thousandths. Nodes of one shape
 * are interchangeable, so that whatever a policy computes, it computes once per shape. An id is given to another shape
 * when too many shapes are without a node, the longest unused first; `generation` then grows, so that a cache keyed by
 * (id, generation) never reads another shape's value.
 */
export class NodeShapes {
  /** GPUs of a node at most: the distance between two shapes in `freeGpuMilli`. */
  readonly stride: number;
  /** Per shape. */
  kind: Uint16Array;
  gpuCount: Uint8Array;
  freeCpuMilli: Int32Array;
  freeMemoryMib: Int32Array;
  freeGpuMilli: Int16Array;
  generation: Uint32Array;
  nodeCount: Int32Array;
  /** Ids below this were given at least once. */
  size = 0;

  private readonly retainedLimit: number;
  private chain: Int32Array;
  private buckets: Int32Array;
  private queued: Uint8Array;
  private retired: Int32Array;
  private retiredHead = 0;
  private retiredSize = 0;
  private capacity: number;

  constructor(nodes: number, stride: number) {
    this.stride = stride;
    this.capacity = Math.max(64, nodes * 2);
    this.retainedLimit = Math.max(RETAINED_SHAPES_MIN, nodes * RETAINED_SHAPES_PER_NODE);
    this.kind = new Uint16Array(this.capacity);
    this.gpuCount = new Uint8Array(this.capacity);
    this.freeCpuMilli = new Int32Array(this.capacity);
    this.freeMemoryMib = new Int32Array(this.capacity);
    this.freeGpuMilli = new Int16Array(this.capacity * stride);
    this.generation = new Uint32Array(this.capacity);
    this.nodeCount = new Int32Array(this.capacity);
    this.chain = new Int32Array(this.capacity);
    this.queued = new Uint8Array(this.capacity);
    this.retired = new Int32Array(this.capacity);
    this.buckets = new Int32Array(powerOfTwoAbove(this.capacity)).fill(-1);
  }

  /** Room for ids: a cache keyed by id grows to this. */
  get room(): number {
    return this.capacity;
  }

  /** The id of the shape; `sortedGpuMilli` holds `gpuCount` numbers in ascending order. */
  intern(kind: number, cpuMilli: number, memoryMib: number, sortedGpuMilli: Int16Array, gpuCount: number): number {
    const hash = this.hashOf(kind, cpuMilli, memoryMib, sortedGpuMilli, gpuCount);
    for (let id = this.bucketHead(hash); id !== -1; id = this.chain[id] ?? -1) {
      if (this.equals(id, kind, cpuMilli, memoryMib, sortedGpuMilli, gpuCount)) return id;
    }
    const id = this.freeId();
    this.kind[id] = kind;
    this.gpuCount[id] = gpuCount;
    this.freeCpuMilli[id] = cpuMilli;
    this.freeMemoryMib[id] = memoryMib;
    for (let gpu = 0; gpu < this.stride; gpu++) {
      this.freeGpuMilli[id * this.stride + gpu] = gpu < gpuCount ? (sortedGpuMilli[gpu] ?? 0) : 0;
    }
    const bucket = hash & (this.buckets.length - 1);
    this.chain[id] = this.buckets[bucket] ?? -1;
    this.buckets[bucket] = id;
    return id;
  }

  /** A node left the shape: without any, it waits in line for its id to be given away. */
  retire(id: number): void {
    if (this.nodeCount[id] !== 0 || this.queued[id] === 1) return;
    this.queued[id] = 1;
    this.retired[(this.retiredHead + this.retiredSize) % this.capacity] = id;
    this.retiredSize += 1;
  }

  private freeId(): number {
    if (this.size < this.retainedLimit) return this.nextId();
    while (this.retiredSize > 0) {
      const id = this.retired[this.retiredHead] ?? 0;
      this.retiredHead = (this.retiredHead + 1) % this.capacity;
      this.retiredSize -= 1;
      this.queued[id] = 0;
      if (this.nodeCount[id] !== 0) continue;
      this.unlink(id);
      this.generation[id] = (this.generation[id] ?? 0) + 1;
      return id;
    }
    return this.nextId();
  }

  private nextId(): number {
    if (this.size === this.capacity) this.grow();
    const id = this.size;
    this.size += 1;
    return id;
  }

  private unlink(id: number): void {
    const bucket = this.hashOfId(id) & (this.buckets.length - 1);
    let previous = -1;
    for (let at = this.buckets[bucket] ?? -1; at !== id; at = this.chain[at] ?? -1) {
      invariant(at !== -1, 'an interned shape is in its bucket');
      previous = at;
    }
    const next = this.chain[id] ?? -1;
    if (previous === -1) this.buckets[bucket] = next;
    else this.chain[previous] = next;
  }

  private grow(): void {
    const retired = Int32Array.from({ length: this.retiredSize }, (_, at) => {
      return this.retired[(this.retiredHead + at) % this.capacity] ?? 0;
    });
    this.capacity *= 2;
    this.kind = widened(this.kind, new Uint16Array(this.capacity));
    this.gpuCount = widened(this.gpuCount, new Uint8Array(this.capacity));
    this.freeCpuMilli = widened(this.freeCpuMilli, new Int32Array(this.capacity));
    this.freeMemoryMib = widened(this.freeMemoryMib, new Int32Array(this.capacity));
    this.freeGpuMilli = widened(this.freeGpuMilli, new Int16Array(this.capacity * this.stride));
    this.generation = widened(this.generation, new Uint32Array(this.capacity));
    this.nodeCount = widened(this.nodeCount, new Int32Array(this.capacity));
    this.queued = widened(this.queued, new Uint8Array(this.capacity));
    this.retired = widened(retired, new Int32Array(this.capacity));
    this.retiredHead = 0;
    this.chain = new Int32Array(this.capacity);
    this.buckets = new Int32Array(powerOfTwoAbove(this.capacity)).fill(-1);
    for (let id = 0; id < this.size; id++) {
      const bucket = this.hashOfId(id) & (this.buckets.length - 1);
      this.chain[id] = this.buckets[bucket] ?? -1;
      this.buckets[bucket] = id;
    }
  }

  private bucketHead(hash: number): number {
    return this.buckets[hash & (this.buckets.length - 1)] ?? -1;
  }

  private equals(id: number, kind: number, cpu: number, memory: number, gpus: Int16Array, gpuCount: number): boolean {
    if (this.freeCpuMilli[id] !== cpu || this.freeMemoryMib[id] !== memory) return false;
    if (this.kind[id] !== kind || this.gpuCount[id] !== gpuCount) return false;
    const at = id * this.stride;
    for (let gpu = 0; gpu < gpuCount; gpu++) {
      if (this.freeGpuMilli[at + gpu] !== gpus[gpu]) return false;
    }
    return true;
  }

  private hashOf(kind: number, cpu: number, memory: number, gpus: Int16Array, gpuCount: number): number {
    let hash = Math.imul(HASH_BASIS ^ kind, HASH_PRIME);
    hash = Math.imul(hash ^ cpu, HASH_PRIME);
    hash = Math.imul(hash ^ (hash >>> 15) ^ memory, HASH_PRIME);
    for (let gpu = 0; gpu < gpuCount; gpu++) hash = Math.imul(hash ^ (gpus[gpu] ?? 0), HASH_PRIME);
    return (hash ^ (hash >>> 13)) >>> 0;
  }

  private hashOfId(id: number): number {
    const gpuCount = this.gpuCount[id] ?? 0;
    const at = id * this.stride;
    let hash = Math.imul(HASH_BASIS ^ (this.kind[id] ?? 0), HASH_PRIME);
    hash = Math.imul(hash ^ (this.freeCpuMilli[id] ?? 0), HASH_PRIME);
    hash = Math.imul(hash ^ (hash >>> 15) ^ (this.freeMemoryMib[id] ?? 0), HASH_PRIME);
    for (let gpu = 0; gpu < gpuCount; gpu++) hash = Math.imul(hash ^ (this.freeGpuMilli[at + gpu] ?? 0), HASH_PRIME);
    return (hash ^ (hash >>> 13)) >>> 0;
  }
}

/** The least power of two that is not below the value, 2 at least. */
export function powerOfTwoAbove(value: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(2, value)));
}
