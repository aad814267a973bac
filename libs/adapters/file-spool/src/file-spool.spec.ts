import { appendFile, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Spool } from '@millrace/execution/ports';
import { spoolConformance } from '@millrace/execution/testing';
import { silentLogger } from '@millrace/kernel';
import type { OutgoingRecord } from '@millrace/messaging/ports';
import { createFileSpool } from './file-spool.js';
import { createFileWorkspace, createImageFiles } from './file-workspace.js';

const newDirectory = (): Promise<string> => mkdtemp(join(tmpdir(), 'millrace-spool-'));
const record = (key: string, bytes = 2): OutgoingRecord => ({
  topic: 'usage.recorded',
  key,
  headers: { ce_id: key },
  value: new Uint8Array(bytes),
});

spoolConformance('files', async () => {
  const directory = await newDirectory();
  return {
    open: () => createFileSpool({ directory, logger: silentLogger }),
    cleanUp: () => rm(directory, { recursive: true }),
  };
});

describe('the files of a spool', () => {
  let directory: string;
  const open = (options: { rotateBytes?: number; pendingMax?: number } = {}): Promise<Spool> =>
    createFileSpool({ directory, logger: silentLogger, ...options });
  const keys = async (spool: Spool): Promise<readonly string[]> =>
    (await spool.pending(1_000)).map(({ record: { key } }) => key);
  const onlyFile = async (): Promise<string> => join(directory, (await readdir(directory))[0] ?? '');

  beforeEach(async () => {
    directory = await newDirectory();
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('cuts off a torn last line, as a crash in the middle of an append leaves it', async () => {
    const first = await open();
    await first.append([record('a')]);
    await appendFile(await onlyFile(), '{"i":2,"t":"usage.recorded","k":"b","h":{},"v":"');
    const second = await open();
    expect(await keys(second)).toEqual(['a']);
    await second.append([record('c')]);
    expect(await keys(await open())).toEqual(['a', 'c']);
  });

  it('loses no more than a damaged line', async () => {
    const first = await open();
    await first.append([record('a')]);
    await appendFile(await onlyFile(), 'rubbish\n[1]\n{"i":"x"}\n');
    await first.append([record('b')]);
    expect(await keys(await open())).toEqual(['a', 'b']);
  });

  it('keeps one file after each opening', async () => {
    for (const key of ['a', 'b', 'c']) await (await open()).append([record(key)]);
    expect(await readdir(directory)).toHaveLength(1);
    expect(await keys(await open())).toEqual(['a', 'b', 'c']);
  });

  it('starts a new file once the old one is large and nothing in it is pending', async () => {
    const spool = await open({ rotateBytes: 10_000 });
    for (let index = 0; index < 20; index++) {
      await spool.append([record(`r${index}`, 1_000)]);
      await spool.acknowledge((await spool.pending(10)).map(({ id }) => id));
    }
    expect((await stat(await onlyFile())).size).toBeLessThan(15_000);
    await spool.append([record('last')]);
    expect(await keys(await open())).toEqual(['last']);
  });

  it('refuses more than its limit and keeps what it has', async () => {
    const spool = await open({ pendingMax: 2 });
    await spool.append([record('a'), record('b')]);
    await expect(spool.append([record('c')])).rejects.toMatchObject({ kind: 'unavailable' });
    expect(await keys(spool)).toEqual(['a', 'b']);
  });

  it('refuses an append after it was closed', async () => {
    const spool = await open();
    await spool.close();
    await expect(spool.append([record('a')])).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it('is for its owner only', async () => {
    await (await open()).append([record('a')]);
    expect((await stat(await onlyFile())).mode & 0o077).toBe(0);
  });
});

describe('scratch folders and pictures', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await newDirectory();
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('gives each attempt an empty folder, and removes what an earlier process left', async () => {
    const first = await createFileWorkspace({ directory: join(directory, 'work') });
    const folder = await first.create('task-1-1');
    await appendFile(join(folder, 'video.mp4'), 'frames');
    expect(await first.digest(join(folder, 'video.mp4'))).toEqual({
      bytes: 6,
      sha256: '594cfd2607d4f09e1ce6241203e418cacfed545063792bc5eab7afaadbf0c4e0',
    });
    const second = await createFileWorkspace({ directory: join(directory, 'work') });
    expect(await readdir(join(directory, 'work'))).toEqual([]);
    await second.create('task-1-1');
    await second.remove('task-1-1');
    await second.remove('task-1-1');
    expect(await readdir(join(directory, 'work'))).toEqual([]);
  });

  it('never leaves its own folder', async () => {
    const files = await createImageFiles({ directory: join(directory, 'images') });
    const path = await files.write('../../escape.png', Uint8Array.of(1));
    expect(path).toBe(join(directory, 'images', 'escape.png'));
    expect(await readFile(path)).toHaveLength(1);
    await files.remove('escape.png');
    expect(await readdir(join(directory, 'images'))).toEqual([]);
  });
});
