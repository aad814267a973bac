/**
 * One pairing heap of node indices per shape, the lowest index at its top, in three flat arrays over nodes. A node is in
 * at most one heap. Insert is O(1), removal O(log n) amortised.
 */
export class NodeHeaps {
  private readonly child: Int32Array;
  private readonly next: Int32Array;
  /** The parent of a first child, the left neighbour of any other, -1 at the top. */
  private readonly before: Int32Array;

  constructor(nodes: number) {
    this.child = new Int32Array(nodes).fill(-1);
    this.next = new Int32Array(nodes).fill(-1);
    this.before = new Int32Array(nodes).fill(-1);
  }

  /** The top after `node` came in; `top` is -1 for an empty heap. */
  insert(top: number, node: number): number {
    return this.meld(top, node);
  }

  /** The top after `node` left, -1 when none is left. */
  remove(top: number, node: number): number {
    const rest = this.combine(this.child[node] ?? -1);
    this.child[node] = -1;
    if (node === top) return rest;
    const before = this.before[node] ?? -1;
    const next = this.next[node] ?? -1;
    if (this.child[before] === node) this.child[before] = next;
    else this.next[before] = next;
    if (next !== -1) this.before[next] = before;
    this.next[node] = -1;
    this.before[node] = -1;
    return this.meld(top, rest);
  }

  private meld(a: number, b: number): number {
    if (a === -1) return b;
    if (b === -1) return a;
    const top = a < b ? a : b;
    const under = a < b ? b : a;
    const sibling = this.child[top] ?? -1;
    this.next[under] = sibling;
    if (sibling !== -1) this.before[sibling] = under;
    this.before[under] = top;
    this.child[top] = under;
    return top;
  }

  /** Two passes: neighbours are melded in pairs from the left, the pairs from the right. */
  private combine(first: number): number {
    let pairs = -1;
    for (let at = first; at !== -1;) {
      const a = at;
      const b = this.next[a] ?? -1;
      at = b === -1 ? -1 : (this.next[b] ?? -1);
      this.detach(a);
      if (b !== -1) this.detach(b);
      const pair = this.meld(a, b);
      this.next[pair] = pairs;
      pairs = pair;
    }
    let top = -1;
    while (pairs !== -1) {
      const pair = pairs;
      pairs = this.next[pair] ?? -1;
      this.next[pair] = -1;
      top = this.meld(top, pair);
    }
    return top;
  }

  private detach(node: number): void {
    this.next[node] = -1;
    this.before[node] = -1;
  }
}
