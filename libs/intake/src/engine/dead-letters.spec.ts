import { describe, expect, it } from '@jest/globals';
import { VirtualClock } from '@millrace/kernel';
import { aDeadLetter, createInMemoryDeadLetterStore } from '../testing/index.js';
import { DeadLetters } from './dead-letters.js';

const DAY_MS = 24 * 3_600_000;

async function make(...letters: ReturnType<typeof aDeadLetter>[]) {
  const store = createInMemoryDeadLetterStore();
  const told: string[] = [];
  const bus = { away: false };
  const clock = new VirtualClock(Date.UTC(2026, 0, 2));
  const courier = {
    tell: async (batch: readonly { readonly id: string }[], decision: string) => {
      if (bus.away) throw new Error('the bus is away');
      told.push(...batch.map(({ id }) => `${decision} ${id}`));
    },
  };
  const deadLetters = new DeadLetters(store, courier, clock);
  await deadLetters.record(letters);
  return { deadLetters, told, bus, clock };
}

describe('DeadLetters', () => {
  const letter = aDeadLetter(1);

  it('tells the group of a redrive, then marks the letter with who decided', async () => {
    const { deadLetters, told } = await make(letter);
    const after = await deadLetters.resolve(letter.id, 'redrive', 'key1');
    expect(after).toMatchObject({ state: 'redriven', resolvedBy: 'key1' });
    expect(told).toEqual([`redrive ${letter.id}`]);
  });

  it('leaves the letter open while the bus is away: nothing is decided that nobody heard of', async () => {
    const { deadLetters, bus } = await make(letter);
    bus.away = true;
    await expect(deadLetters.resolve(letter.id, 'redrive', 'key1')).rejects.toThrow('away');
    expect((await deadLetters.one(letter.id)).state).toBe('open');
  });

  it('tells of a skip only the groups in which something waits', async () => {
    const free = aDeadLetter(2, { blocksKey: false });
    const { deadLetters, told } = await make(letter, free);
    await deadLetters.resolve(letter.id, 'skip', 'k');
    await deadLetters.resolve(free.id, 'skip', 'k');
    expect(told).toEqual([`skip ${letter.id}`]);
    expect((await deadLetters.one(free.id)).state).toBe('skipped');
  });

  it('decides once', async () => {
    const { deadLetters } = await make(letter);
    await deadLetters.resolve(letter.id, 'skip', 'k');
    await expect(deadLetters.resolve(letter.id, 'redrive', 'k')).rejects.toMatchObject({
      code: 'dead_letter_resolved',
    });
    await expect(deadLetters.one(aDeadLetter(9).id)).rejects.toMatchObject({ code: 'dead_letter_not_found' });
  });

  it('does not publish a payload of which it kept a part, and leaves such out in bulk', async () => {
    const cut = aDeadLetter(1, { blocksKey: false, payloadBytes: 9_999_999 });
    const blocking = aDeadLetter(2, { payloadBytes: 9_999_999 });
    const { deadLetters, told } = await make(cut, blocking);
    await expect(deadLetters.resolve(cut.id, 'redrive', 'k')).rejects.toMatchObject({ code: 'dead_letter_truncated' });
    await deadLetters.resolveAll({}, 'redrive', { limit: 10, dryRun: false, by: 'k' });
    expect(told).toEqual([`redrive ${blocking.id}`]);
  });

  it('decides in bulk about the oldest open ones that the filter chooses; a dry run only tells which', async () => {
    const letters = Array.from({ length: 250 }, (_, n) => aDeadLetter(n, { errorClass: n % 2 === 0 ? 'even' : 'odd' }));
    const { deadLetters, told } = await make(...letters);
    const dry = await deadLetters.resolveAll({ errorClass: 'even' }, 'skip', { limit: 120, dryRun: true, by: 'k' });
    expect([dry.matched, dry.letters.length, told]).toEqual([125, 120, []]);
    const real = await deadLetters.resolveAll({ errorClass: 'even' }, 'skip', { limit: 120, dryRun: false, by: 'k' });
    expect(real.letters.map(({ id }) => id)).toEqual(dry.letters.map(({ id }) => id));
    expect(told).toEqual(real.letters.map(({ id }) => `skip ${id}`));
    const rest = await deadLetters.resolveAll({ errorClass: 'even' }, 'skip', { limit: 120, dryRun: true, by: 'k' });
    expect([rest.matched, rest.letters.length]).toEqual([5, 5]);
  });

  it('pages, newest first', async () => {
    const { deadLetters } = await make(aDeadLetter(1), aDeadLetter(2), aDeadLetter(3));
    const first = await deadLetters.page({}, { limit: 2 });
    expect(first.letters.map(({ offset }) => offset)).toEqual([3n, 2n]);
    const { next } = first;
    const last = await deadLetters.page({}, { limit: 2, ...(next === undefined ? {} : { after: next }) });
    expect([last.letters.map(({ offset }) => offset), last.next]).toEqual([[1n], undefined]);
  });

  it('forgets after 30 days', async () => {
    const { deadLetters, clock } = await make(letter);
    expect(await deadLetters.forgetOld()).toBe(0);
    await clock.advance(30 * DAY_MS);
    expect(await deadLetters.forgetOld()).toBe(1);
  });
});
