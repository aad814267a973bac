import { readFile } from 'node:fs/promises';

/** Fields of /proc/PID/stat after the name in brackets (proc_pid_stat(5)), counted from `state`. */
const PARENT = 1;
const OWN = [11, 12];
const ENDED_CHILDREN = [13, 14];
/** Linux counts CPU time in hundredths of a second for every reader. */
const MS_PER_TICK = 10;

/** Reads how much CPU time a Postgres server has taken in all its processes, ms. Linux only: rejects elsewhere. */
export async function postgresCpu(backendPid: number): Promise<() => Promise<number>> {
  const postmaster = (await statOf(backendPid))[PARENT] ?? 0;
  return async () => {
    const children = (await readFile(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8')).split(' ');
    const own = await Promise.all(
      // One that ends meanwhile is counted with its parent's ended children by the next reading.
      children.filter(Boolean).map((pid) => statOf(Number(pid)).then(ticksOf(OWN), () => 0)),
    );
    const parent = ticksOf([...OWN, ...ENDED_CHILDREN])(await statOf(postmaster));
    return own.reduce((sum, ticks) => sum + ticks, parent) * MS_PER_TICK;
  };
}

async function statOf(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  return text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
}

function ticksOf(fields: readonly number[]): (stat: readonly number[]) => number {
  return (stat) => fields.reduce((sum, field) => sum + (stat[field] ?? 0), 0);
}
