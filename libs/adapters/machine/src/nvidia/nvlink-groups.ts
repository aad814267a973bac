/** Colours and underlines of a terminal, which some versions write into the header of the matrix. */
const TERMINAL_CODES = /\u001b\[[0-9;]*m/g;

/**
 * Groups of GPUs joined by NVLink, from `nvidia-smi topo -m`, by GPU index: the number of a group is its lowest index.
 * Joined through others counts as joined. A GPU without links is a group of its own.
 */
export function parseNvlinkGroups(output: string): ReadonlyMap<number, number> {
  const lines = output.replace(TERMINAL_CODES, '').split('\n');
  const header = lines.find((line) => /^\s+GPU\d+/.test(line));
  const columns = (header ?? '').split('\t').map((name) => gpuIndexOf(name.trim()));
  const groups = new Map<number, number>();
  for (const column of columns) if (column !== undefined) groups.set(column, column);
  for (const line of lines) {
    const [name = '', ...cells] = line.split('\t').map((cell) => cell.trim());
    const row = gpuIndexOf(name);
    if (row === undefined) continue;
    cells.forEach((cell, at) => {
      const column = columns[at + 1];
      if (column !== undefined && /^NV\d+$/.test(cell)) join(groups, row, column);
    });
  }
  return groups;
}

function gpuIndexOf(name: string): number | undefined {
  const index = /^GPU(\d+)$/.exec(name)?.[1];
  return index === undefined ? undefined : Number(index);
}

function join(groups: Map<number, number>, one: number, other: number): void {
  const a = groups.get(one);
  const b = groups.get(other);
  if (a === undefined || b === undefined || a === b) return;
  for (const [gpu, group] of groups) if (group === Math.max(a, b)) groups.set(gpu, Math.min(a, b));
}
