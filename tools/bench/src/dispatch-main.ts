import { parseArgs } from 'node:util';
import { measureDispatch } from './measure-dispatch.js';

/** scheduling.md section 2, Speed. */
const TARGET_PER_S = 20_000;

/** `npm run bench:dispatch -- --tasks 100000 --workers 2000 --batch 5000`: exit status 1 where the target is missed. */
const { values } = parseArgs({
  options: {
    tasks: { type: 'string', default: '100000' },
    workers: { type: 'string', default: '2000' },
    batch: { type: 'string', default: '5000' },
  },
});
const figures = await measureDispatch({
  tasks: Number(values.tasks),
  workers: Number(values.workers),
  batch: Number(values.batch),
  cpuMs: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
  progress: (text) => void process.stderr.write(`  ${text}\n`),
});
process.stdout.write(`${JSON.stringify(figures)}\n`);
process.exitCode = figures.leasesPerS >= TARGET_PER_S ? 0 : 1;
