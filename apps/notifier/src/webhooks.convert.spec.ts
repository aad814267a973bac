import { describe, expect, it } from '@jest/globals';
import type { Delivery } from '@millrace/notifications';
import { cursorOf, positionOf } from './webhooks.convert.js';

const ID = '01890a5d-ac96-774b-bcce-b302099a8057';

function encoded(text: string): string {
  return Buffer.from(text).toString('base64url');
}

describe('cursors of the delivery log', () => {
  it('come back as they went out', () => {
    const position = { createdAt: Date.UTC(2026, 0, 1), id: ID };
    expect(positionOf(cursorOf(position as Delivery))).toEqual(position);
  });

  it.each([
    ['nothing', ''],
    ['no JSON', 'x'],
    ['no list', '1'],
    ['a time past every calendar', `[1e308,"${ID}"]`],
    ['a time after the year 9999', `[253402300800000,"${ID}"]`],
    ['a time before 1970', `[-1,"${ID}"]`],
    ['half a millisecond', `[0.5,"${ID}"]`],
    ['an id of dashes', `[1,"${'-'.repeat(36)}"]`],
  ])('P26: %s is none of ours', (_name, text) => {
    expect(() => positionOf(encoded(text))).toThrow(
      expect.objectContaining({ kind: 'validation', code: 'validation_failed' }),
    );
  });
});
