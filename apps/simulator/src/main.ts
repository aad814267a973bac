// npm run simulator: scenarios and recorded cycles through the production policy. docs/simulator.md says how.
import { systemClock } from '@millrace/kernel';
import { runSimulator } from './run-simulator.js';

// Whoever reads the report may have seen enough (`… | head`): nobody is left to write to.
process.stdout.on('error', () => process.exit(0));

const stop = new AbortController();
process.once('SIGINT', () => stop.abort());

process.exitCode = await runSimulator(process.argv.slice(2), {
  output: {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    live: process.stderr.isTTY,
  },
  clock: systemClock,
  stop: stop.signal,
});
