import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { ignoringMissing, objectNameOf } from './object-directory.js';

interface Entry {
  /** A whole key, or the start of keys when it ends in `/`. */
  readonly text: string;
  readonly path: string;
}

/**
 * The keys under a prefix, after `after`, in key order. Folders that can't hold one are not opened.
 * A folder sorts as its name and `/`, which makes the order of the walk the order of the keys.
 */
export async function* walkObjects(path: string, prefix: string, after = '', at = ''): AsyncGenerator<string> {
  for (const entry of await entriesOf(path, at)) {
    if (!entry.text.endsWith('/')) {
      if (entry.text.startsWith(prefix) && entry.text > after) yield entry.text;
    } else if (mayHold(entry.text, prefix, after)) {
      yield* walkObjects(entry.path, prefix, after, entry.text);
    }
  }
}

function mayHold(folder: string, prefix: string, after: string): boolean {
  const underPrefix = folder.startsWith(prefix) || prefix.startsWith(folder);
  return underPrefix && (folder >= after || after.startsWith(folder));
}

async function entriesOf(path: string, at: string): Promise<readonly Entry[]> {
  const folder = await ignoringMissing(opendir(path));
  if (folder === undefined) return [];
  const entries: Entry[] = [];
  for await (const item of folder) {
    const object = objectNameOf(item.name);
    entries.push({ text: object === undefined ? `${at}${item.name}/` : `${at}${object}`, path: join(path, item.name) });
  }
  return entries.sort((a, b) => (a.text < b.text ? -1 : 1));
}
