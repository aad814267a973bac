import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { ImageFiles, Workspace } from '@millrace/execution/ports';

/** Scratch folders under `directory`. What an earlier process left there is removed now. */
export async function createFileWorkspace({ directory }: { readonly directory: string }): Promise<Workspace> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const folder = (name: string): string => join(directory, basename(name));
  return {
    create: async (name) => {
      await makeEmpty(folder(name));
      return folder(name);
    },
    digest: async (path) => {
      const hash = createHash('sha256');
      let bytes = 0;
      for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
        hash.update(chunk);
        bytes += chunk.length;
      }
      return { bytes, sha256: hash.digest('hex') };
    },
    remove: (name) => removeFolder(folder(name)),
  };
}

async function makeEmpty(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder);
  }
}

/** Most are empty by then, and one call does: a recursive removal costs several, one of them on the main thread. */
async function removeFolder(folder: string): Promise<void> {
  await rmdir(folder).catch((error: unknown) => {
    if (codeOf(error) !== 'ENOENT') return rm(folder, { recursive: true, force: true });
  });
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

/** The pictures of the image cache, under `directory`; the cache starts empty. */
export async function createImageFiles({ directory }: { readonly directory: string }): Promise<ImageFiles> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true, mode: 0o700 });
  return {
    write: async (name, bytes) => {
      const path = join(directory, basename(name));
      await writeFile(`${path}.part`, bytes);
      await rename(`${path}.part`, path);
      return path;
    },
    remove: (name) => rm(join(directory, basename(name)), { force: true }),
  };
}
