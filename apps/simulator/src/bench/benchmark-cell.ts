/** One figure of the scheduling benchmark: a line of `--json`. */
export interface BenchmarkRow {
  /** U, S, F, Q or speed. */
  readonly cell: string;
  /** What was run: `52/0.05` (U), `1.5` (S), the pod list's name (F), `requests/0.9`, `cluster-jobs` (Q). */
  readonly case: string;
  /** `millrace`, or the baseline's name. */
  readonly policy: string;
  /** costUsd, allocatedPercent, jctSeconds, waitSeconds, … */
  readonly metric: string;
  readonly value: number;
  /** Missed deadlines; 0 where a case has none. */
  readonly misses: number;
}

/** A figure with what the documentation page needs besides: anchors, targets, intervals. */
export interface CellTable {
  /** Markdown, headings from level 3 on. */
  readonly markdown: string;
}

export interface CellOptions {
  /** Folder with the data of this cell (`spot-single-zone`, …), or its parent. */
  readonly dataFolder: string;
  /** S: zones of the run; all cases of the specification without it. */
  readonly zones?: readonly string[];
  /** S: deadline ÷ work; all three without it. */
  readonly ratio?: number;
  /** F: a pod list's file. */
  readonly pods?: string;
  /** U, S: a fitted file, or `none`: only what ships in the repository. Absent: leave one environment out. */
  readonly fit?: string;
  /** Long work tells how far it is. */
  readonly progress: (text: string) => void;
}

/** One cell of design/scheduling.md section 2: the production policy beside the published ones over recorded data. */
export interface BenchmarkCell {
  readonly name: string;
  /** Rows as they are known, and at the end the table for docs/benchmarks/scheduling.md. */
  run(options: CellOptions): AsyncGenerator<BenchmarkRow, CellTable>;
}
