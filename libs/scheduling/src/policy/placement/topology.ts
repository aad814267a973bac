import type { WorkerView } from '../snapshot.js';

/** Sets of worker kinds that bits tell apart. */
const KIND_SETS = 2 ** 32;
/** Sets of nodes that are kept: more come of worker kinds that many different classes fit. */
const SETS_LIMIT = 4_096;

/** Nodes of each rack or zone, and a bound on what is free there, so that a gang looks only where there may be room. */
export class Domains {
  readonly count: number;
  /** By node. */
  readonly domainOf: Int32Array;
  /** Upper bound of the free GPU thousandths of each domain. */
  readonly freeMilli: Float64Array;
  /** Bit `id % 32` of each worker kind in the domain: what it has no bit of, it has no worker of. */
  readonly kindBits: Int32Array;
  private readonly members: Int32Array;
  private readonly offsets: Int32Array;
  private readonly sets = new Map<number, Int32Array>();
  private readonly kinds: Int32Array;

  /** Name and worker kind of each node. */
  constructor(names: readonly string[], workerKinds: readonly number[]) {
    const ids = new Map<string, number>();
    for (const name of names.toSorted()) if (!ids.has(name)) ids.set(name, ids.size);
    this.count = ids.size;
    this.kinds = Int32Array.from(workerKinds);
    this.domainOf = Int32Array.from(names, (name) => ids.get(name) ?? 0);
    this.freeMilli = new Float64Array(this.count);
    this.offsets = new Int32Array(this.count + 1);
    for (const domain of this.domainOf) this.offsets[domain + 1] = (this.offsets[domain + 1] ?? 0) + 1;
    for (let at = 0; at < this.count; at++)
      this.offsets[at + 1] = (this.offsets[at + 1] ?? 0) + (this.offsets[at] ?? 0);
    this.members = new Int32Array(names.length);
    this.kindBits = new Int32Array(this.count);
    const next = this.offsets.slice();
    this.domainOf.forEach((domain, node) => {
      this.members[next[domain] ?? 0] = node;
      next[domain] = (next[domain] ?? 0) + 1;
      this.kindBits[domain] = (this.kindBits[domain] ?? 0) | kindBit(workerKinds[node] ?? 0);
    });
  }

  /** Nodes of the domain in ascending order. */
  nodesOf(domain: number): Int32Array {
    return this.members.subarray(this.offsets[domain], this.offsets[domain + 1]);
  }

  /** Those of them that may be of a worker kind with a bit among these: each node of such a kind is there. */
  nodesOfKinds(domain: number, kindBits: number): Int32Array {
    const key = domain * KIND_SETS + (kindBits >>> 0);
    const known = this.sets.get(key);
    if (known !== undefined) return known;
    if (this.sets.size >= SETS_LIMIT) this.sets.clear();
    const made = this.nodesOf(domain).filter((node) => (kindBit(this.kinds[node] ?? 0) & kindBits) !== 0);
    this.sets.set(key, made);
    return made;
  }
}

export function kindBit(workerKind: number): number {
  return 1 << (workerKind % 32);
}

export function zoneName(worker: WorkerView): string {
  return worker.zone ?? '';
}

export function rackName(worker: WorkerView): string {
  return `${zoneName(worker)}/${worker.rack ?? ''}`;
}
