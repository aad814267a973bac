/** One GPU of the machine. */
export interface ProbedGpu {
  /** What its driver names it by; for a virtual one `virtual-0` and so on. */
  readonly id: string;
  /** As tasks and prices name it: `A100-40GB`, `A10G`, `virtual`. */
  readonly gpuType: string;
  readonly vramMiB: number;
  /** Present where it is cut into MIG slices; empty: cut, and no slice made. Profile as `3g.20gb`. */
  readonly slices?: readonly { readonly profile: string; readonly vramMiB: number }[];
  /** GPUs with the same number are joined by NVLink; absent: not known. */
  readonly nvlinkGroup?: number;
}

/** What a worker's machine has, as far as this worker may use it. What is absent is not known. */
export interface MachineFacts {
  readonly gpus: readonly ProbedGpu[];
  /** As `535.104.05`; that of the GPUs. */
  readonly driver?: string;
  readonly cuda?: string;
  /** A container's limit where there is one, else the machine's. */
  readonly cpuMilli: number;
  readonly ramMiB: number;
}

/** One reading of one GPU. */
export interface GpuReading {
  /** Position in `MachineFacts.gpus`. */
  readonly gpu: number;
  /** The driver does not answer for it any more. */
  readonly lost: boolean;
  /** Errors of its memory since its last reset; 0 where it counts none. */
  readonly eccCorrected: number;
  readonly eccUncorrected: number;
  /** What the kernel's log holds about it, oldest first; empty where the log can not be read. Lines are told apart by their text. */
  readonly kernelLog: readonly string[];
}

/**
 * What the machine is, and how its GPUs fare. Errors: `probe_failed` (retriable: it may answer next time).
 * Not part of this port: what any of it means (SCH-50 is the scheduler's), and who may use it.
 */
export interface MachineProbe {
  /** What there is now. Positions and ids of GPUs are the same in each call of one process. */
  describe(): Promise<MachineFacts>;
  /** A reading of each GPU that `describe` told, in its order. Call `describe` before. */
  readHealth(): Promise<readonly GpuReading[]>;
}
