// npm run bench:scheduling: the cells of the scheduling benchmark. docs/benchmarks/scheduling.md holds the latest figures.
import { systemClock } from '@millrace/kernel';
import { BENCH_CELLS } from './bench/bench-registry.js';
import { runBench } from './bench/run-bench.js';

// Whoever reads the lines may have seen enough (`… | head -1`): nobody is left to write to.
process.stdout.on('error', () => process.exit(0));

process.exitCode = await runBench({
  argv: process.argv.slice(2),
  dataFolder: process.env['MILLRACE_BENCH_DATA'],
  cells: BENCH_CELLS,
  output: {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    live: process.stderr.isTTY,
  },
  clock: systemClock,
});
