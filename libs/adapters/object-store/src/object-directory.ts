import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, readFile, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Instant } from '@millrace/kernel';
import type { ObjectBody, StoredObject } from '@millrace/execution/ports';

const CONTENT_FILE = 'content';
const FACTS_FILE = 'object.json';
/** Stands at no place in a key, so that an object `a` and an object `a/b` never meet on the disk. */
const OBJECT_MARK = '~';

export interface ObjectFacts {
  readonly mediaType: string;
  readonly storedAt: Instant;
}

/**
 * Where objects lie: `<root>/objects/<key>~/{content, object.json}`. An object is written in a folder of its own under
 * `<root>/incoming` and renamed into place: a rename onto a folder with files in it fails, so that of several writers
 * one wins, and content and facts appear together. A removed object leaves `<root>/removed/<key>~`.
 */
export class ObjectDirectory {
  constructor(readonly root: string) {}

  get objectsPath(): string {
    return join(this.root, 'objects');
  }

  /** The content, open for reading; undefined where there is no object. The caller closes it. */
  openContent(key: string): Promise<FileHandle | undefined> {
    return ignoringMissing(open(join(this.objectPath(key), CONTENT_FILE), 'r'));
  }

  readContent(key: string): Promise<Uint8Array | undefined> {
    return ignoringMissing(readFile(join(this.objectPath(key), CONTENT_FILE)));
  }

  private objectPath(key: string): string {
    return join(this.objectsPath, `${key}${OBJECT_MARK}`);
  }

  private tombstonePath(key: string): string {
    return join(this.root, 'removed', `${key}${OBJECT_MARK}`);
  }

  /** Stores durably; false when the key is taken. */
  async create(key: string, body: ObjectBody, facts: ObjectFacts): Promise<StoredObject | undefined> {
    const incoming = await this.scratchFolder();
    try {
      const content = await writeContent(join(incoming, CONTENT_FILE), body);
      const stored = { key, ...content, ...facts };
      await writeDurably(join(incoming, FACTS_FILE), JSON.stringify(stored));
      await syncFolder(incoming);
      return (await this.moveIntoPlace(incoming, this.objectPath(key))) ? stored : undefined;
    } finally {
      await rm(incoming, { recursive: true, force: true });
    }
  }

  /** The facts of an object, or undefined where there is none. */
  async read(key: string): Promise<StoredObject | undefined> {
    const text = await ignoringMissing(readFile(join(this.objectPath(key), FACTS_FILE), 'utf8'));
    return text === undefined ? undefined : (JSON.parse(text) as StoredObject);
  }

  /** Takes an object away whole: a reader that has it open reads on, all others find nothing. */
  async remove(key: string): Promise<void> {
    const scratch = await this.scratchFolder();
    await ignoringMissing(rename(this.objectPath(key), join(scratch, 'object')));
    await rm(scratch, { recursive: true, force: true });
    await this.removeEmptyFolders(dirname(this.objectPath(key)));
  }

  /** Removes what writers left behind that were killed before `before` (ms since the epoch). */
  async removeLeftovers(before: Instant): Promise<void> {
    const incoming = join(this.root, 'incoming');
    for (const name of (await ignoringMissing(readdir(incoming))) ?? []) {
      const facts = await ignoringMissing(stat(join(incoming, name)));
      if (facts !== undefined && facts.mtimeMs < before)
        await rm(join(incoming, name), { recursive: true, force: true });
    }
  }

  async bury(key: string): Promise<void> {
    await mkdir(dirname(this.tombstonePath(key)), { recursive: true });
    await writeFile(this.tombstonePath(key), '');
  }

  async unbury(key: string): Promise<void> {
    await rm(this.tombstonePath(key), { force: true });
  }

  async isBuried(key: string): Promise<boolean> {
    return (await ignoringMissing(readFile(this.tombstonePath(key)))) !== undefined;
  }

  async prepare(): Promise<void> {
    await mkdir(this.objectsPath, { recursive: true });
    await mkdir(join(this.root, 'incoming'), { recursive: true });
  }

  private async scratchFolder(): Promise<string> {
    await this.prepare();
    return mkdtemp(join(this.root, 'incoming', 'w-'));
  }

  private async moveIntoPlace(from: string, to: string): Promise<boolean> {
    for (let attempt = 1; ; attempt++) {
      try {
        await mkdir(dirname(to), { recursive: true });
        await rename(from, to);
        await syncFolder(dirname(to));
        return true;
      } catch (error) {
        if (TAKEN_CODES.has(codeOf(error))) return false;
        // A removal beside us may take the still empty parent folder away.
        if (codeOf(error) !== 'ENOENT' || attempt >= MOVE_ATTEMPTS_MAX) throw error;
      }
    }
  }

  private async removeEmptyFolders(from: string): Promise<void> {
    for (let path = from; path.length > this.objectsPath.length; path = dirname(path)) {
      try {
        await rmdir(path);
      } catch {
        return; // Not empty, or gone already: either way nothing is left to do here.
      }
    }
  }
}

const MOVE_ATTEMPTS_MAX = 5;

/** What the systems answer to a rename onto a folder that is not empty (EPERM: Windows). */
const TAKEN_CODES = new Set(['ENOTEMPTY', 'EEXIST', 'EPERM']);

/** True for the name of an object's folder; its key ends in the name without the mark. */
export function objectNameOf(folderName: string): string | undefined {
  return folderName.endsWith(OBJECT_MARK) ? folderName.slice(0, -OBJECT_MARK.length) : undefined;
}

export async function ignoringMissing<Value>(work: Promise<Value>): Promise<Value | undefined> {
  try {
    return await work;
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}

async function writeContent(path: string, body: ObjectBody): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  if (body instanceof Uint8Array) {
    await writeDurably(path, body);
    return { bytes: body.byteLength, sha256: hash.update(body).digest('hex') };
  }
  let bytes = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.byteLength;
      hash.update(chunk);
      done(null, chunk);
    },
  });
  await pipeline(createReadStream(body.path), count, createWriteStream(path, { flags: 'wx', flush: true }));
  return { bytes, sha256: hash.digest('hex') };
}

async function writeDurably(path: string, content: Uint8Array | string): Promise<void> {
  await writeFile(path, content, { flag: 'wx', flush: true });
}

/** Makes names durable. Systems that can not sync a folder (Windows) do without. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
