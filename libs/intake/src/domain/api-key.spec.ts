import { describe, expect, it } from '@jest/globals';
import { seededRng } from '@millrace/kernel';
import { apiKeyId, makeApiKey } from './api-key.js';

describe('API keys', () => {
  const key = makeApiKey(seededRng(1));

  it('have the form mr_live_<8>_<32><6>, and are found by the first part', () => {
    expect(key).toMatch(/^mr_live_[0-9A-Za-z]{8}_[0-9A-Za-z]{38}$/);
    expect(apiKeyId(key)).toBe(key.slice(8, 16));
  });

  it('differ from each other', () => {
    const rng = seededRng(2);
    expect(new Set(Array.from({ length: 200 }, () => makeApiKey(rng))).size).toBe(200);
  });

  it('use each character about as often as another', () => {
    const rng = seededRng(3);
    const counts = new Map<string, number>();
    for (let i = 0; i < 2000; i++) {
      for (const character of makeApiKey(rng).slice(17, 49)) counts.set(character, (counts.get(character) ?? 0) + 1);
    }
    const expected = (2000 * 32) / 62;
    expect(counts.size).toBe(62);
    for (const count of counts.values()) expect(Math.abs(count - expected) / expected).toBeLessThan(0.15);
  });

  it('are refused with any one character changed, without a look-up', () => {
    for (let i = 0; i < key.length; i++) {
      const other = key[i] === 'x' ? 'y' : 'x';
      expect(apiKeyId(`${key.slice(0, i)}${other}${key.slice(i + 1)}`)).toBeUndefined();
    }
  });

  it.each(['', 'mr_live_', `${key} `, `${key}x`, key.slice(1), key.replace('live', 'test'), key.toLowerCase()])(
    '"%s" is none',
    (text) => {
      expect(apiKeyId(text)).toBeUndefined();
    },
  );
});
