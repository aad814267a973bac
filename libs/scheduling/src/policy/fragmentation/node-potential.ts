/**
 * How much is lost when nothing more than this is free on a node, in GPU thousandths; lower is better. A placement costs
 * what it adds to the node's potential. The arguments are a shape: `sortedGpuMilli` from `offset` holds `gpuCount` numbers
 * in ascending order.
 */
export interface NodePotential {
  of(
    kind: number,
    freeCpuMilli: number,
    freeMemoryMib: number,
    sortedGpuMilli: Int16Array,
    offset: number,
    gpuCount: number,
  ): number;
  /** Grows whenever the same shape may have another potential than before. */
  readonly version: number;
}
