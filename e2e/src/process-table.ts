import { readFileSync, readdirSync } from 'node:fs';

interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** Workers that the app holds as children. Linux only, as all here. */
export function workersOf(appPid: number): readonly number[] {
  return allProcesses()
    .filter(({ parent, command }) => parent === appPid && command.includes('worker-main.js'))
    .map(({ pid }) => pid);
}

/** The app, what names its home, and all their descendants: worker, database server with its children, ffmpeg. */
export function processesOf(home: string, appPid: number): readonly number[] {
  const all = allProcesses();
  const wanted = new Set(
    all.filter(({ pid, command }) => pid === appPid || command.includes(home)).map(({ pid }) => pid),
  );
  for (let size = 0; size !== wanted.size;) {
    size = wanted.size;
    for (const { pid, parent } of all) if (wanted.has(parent)) wanted.add(pid);
  }
  return [...wanted];
}

function allProcesses(): readonly ProcessEntry[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        // The second field is the command in parentheses, and may hold spaces.
        const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        if (state === 'Z') return [];
        return [{ pid: Number(name), parent: Number(parent), command: readFileSync(`/proc/${name}/cmdline`, 'utf8') }];
      } catch {
        return []; // ended in the meantime
      }
    });
}
