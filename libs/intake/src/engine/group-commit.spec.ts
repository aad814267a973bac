import { describe, expect, it } from '@jest/globals';
import { VirtualClock, silentLogger } from '@millrace/kernel';
import { GroupCommit } from './group-commit.js';

/** A writer whose batches finish when told. */
function controlled() {
  const batches: { entries: readonly number[]; finish: (error?: Error) => void }[] = [];
  const write = (entries: readonly number[]): Promise<readonly string[]> =>
    new Promise((resolve, reject) => {
      batches.push({
        entries,
        finish: (error) => (error === undefined ? resolve(entries.map((entry) => `done ${entry}`)) : reject(error)),
      });
    });
  return { batches, write };
}

function make(limits = { batchMax: 3, lingerMs: 1, inFlightMax: 2 }) {
  const clock = new VirtualClock();
  const { batches, write } = controlled();
  return { clock, batches, commits: new GroupCommit(write, clock, silentLogger, limits) };
}

describe('GroupCommit', () => {
  it('writes an entry that comes alone at once', async () => {
    const { batches, commits } = make();
    const result = commits.submit(1);
    expect(batches.map(({ entries }) => entries)).toEqual([[1]]);
    batches[0]?.finish();
    await expect(result).resolves.toBe('done 1');
  });

  it('lets later ones gather for a millisecond while one is being written', async () => {
    const { clock, batches, commits } = make();
    const results = [1, 2, 3].map((entry) => commits.submit(entry));
    expect(batches).toHaveLength(1);
    await clock.advance(1);
    expect(batches.map(({ entries }) => entries)).toEqual([[1], [2, 3]]);
    batches.forEach(({ finish }) => finish());
    await expect(Promise.all(results)).resolves.toEqual(['done 1', 'done 2', 'done 3']);
  });

  it('a full batch does not linger, and no more than two are written at a time', async () => {
    const { clock, batches, commits } = make();
    const results = [1, 2, 3, 4, 5, 6].map((entry) => commits.submit(entry));
    expect(batches.map(({ entries }) => entries)).toEqual([[1], [2, 3, 4]]);
    await clock.advance(50);
    expect(batches).toHaveLength(2);
    batches[0]?.finish();
    await clock.advance(1);
    expect(batches[2]?.entries).toEqual([5, 6]);
    batches.forEach(({ finish }) => finish());
    await expect(Promise.all(results)).resolves.toHaveLength(6);
  });

  it('a batch that fails is tried one by one: only the guilty entry fails', async () => {
    const clock = new VirtualClock();
    const seen: (readonly number[])[] = [];
    const write = async (entries: readonly number[]): Promise<readonly number[]> => {
      seen.push(entries);
      if (entries.includes(3)) throw new Error('three is bad');
      return entries;
    };
    const commits = new GroupCommit(write, clock, silentLogger, { batchMax: 9, lingerMs: 1, inFlightMax: 1 });
    const results = [1, 2, 3, 4].map((entry) => commits.submit(entry));
    const settled = Promise.allSettled(results);
    await clock.advance(5);
    expect((await settled).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    expect(seen).toEqual([[1], [2, 3, 4], [2], [3], [4]]);
  });
});
