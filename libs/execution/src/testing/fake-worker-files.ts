import { createHash } from 'node:crypto';
import type { ImageFiles, ImageSource, ImageTransport } from '../engine/ports/image-source.port.js';
import type { Workspace } from '../engine/ports/workspace.port.js';

/** Folders that exist by name only; a file's bytes are its path's. Matches the in-memory object store. */
export function createFakeWorkspace(): Workspace & { readonly folders: ReadonlySet<string> } {
  const folders = new Set<string>();
  return {
    folders,
    create: async (name) => {
      folders.add(name);
      return `/scratch/${name}`;
    },
    digest: async (path) => ({
      bytes: new TextEncoder().encode(path).length,
      sha256: createHash('sha256').update(path).digest('hex'),
    }),
    remove: async (name) => {
      folders.delete(name);
    },
  };
}

/** Gives `/images/<n>` for each new URL, or throws what it was told to. */
export function createFakeImageSource(fault?: Error): ImageSource & { readonly fetched: readonly string[] } {
  const fetched: string[] = [];
  return {
    fetched,
    fetch: async (url) => {
      fetched.push(url);
      if (fault !== undefined) throw fault;
      return `/images/${fetched.indexOf(url)}`;
    },
  };
}

/** Answers each URL with the bytes it was given; an unknown one is refused. */
export function createFakeImageTransport(
  answers: Readonly<Record<string, Uint8Array>>,
): ImageTransport & { readonly downloads: readonly string[] } {
  const downloads: string[] = [];
  return {
    downloads,
    download: async (url) => {
      downloads.push(url);
      const bytes = answers[url];
      if (bytes === undefined) throw new Error(`no answer for ${url}`);
      return bytes;
    },
  };
}

export function createFakeImageFiles(): ImageFiles & { readonly names: ReadonlySet<string> } {
  const names = new Set<string>();
  return {
    names,
    write: async (name) => {
      names.add(name);
      return `/images/${name}`;
    },
    remove: async (name) => {
      names.delete(name);
    },
  };
}
