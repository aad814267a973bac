import { describe, expect, it } from '@jest/globals';
import { isUuid, uuidv5, uuidv7 } from './ids.js';
import { seededRng } from './rng.js';
import { systemIds } from './system.js';

describe('uuidv7', () => {
  it('holds the time in its first 48 bits, version and variant', () => {
    // The example of RFC 9562, appendix A.6.
    expect(uuidv7(0x017f22e279b0, seededRng(1))).toMatch(/^017f22e2-79b0-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('sorts by time', () => {
    const rng = seededRng(2);
    const ids = [1, 2, 1000, 2 ** 40].map((ms) => uuidv7(ms, rng));
    expect([...ids].sort()).toEqual(ids);
  });
});

describe('systemIds', () => {
  it('gives no random bits twice, also where one draw of randomness ends and the next begins', () => {
    const ids = Array.from({ length: 2_000 }, () => systemIds.next());
    expect(ids.every(isUuid)).toBe(true);
    expect(new Set(ids.map((id) => id.slice(-12))).size).toBe(ids.length);
  });
});

describe('uuidv5', () => {
  it('gives the example of RFC 9562, appendix A.4', () => {
    expect(uuidv5('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'www.example.com')).toBe(
      '2ed6657d-e927-568b-95e1-2665a8aea6a2',
    );
  });
});

describe('isUuid', () => {
  it('takes lower-case UUIDs only', () => {
    expect(isUuid('2ed6657d-e927-568b-95e1-2665a8aea6a2')).toBe(true);
    expect(isUuid('2ED6657D-e927-568b-95e1-2665a8aea6a2')).toBe(false);
    expect(isUuid("'; drop table tasks")).toBe(false);
  });
});
