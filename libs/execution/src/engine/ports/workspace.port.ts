/** Facts of a finished file, read from its bytes. */
export interface FileDigest {
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
}

/** Scratch folders on the worker's disk: one per attempt. What a killed incarnation left is removed at the first use. */
export interface Workspace {
  /** An empty folder of its own; its path. */
  create(name: string): Promise<string>;
  digest(path: string): Promise<FileDigest>;
  /** Removes the folder and all in it; a missing one is no error. */
  remove(name: string): Promise<void>;
}
