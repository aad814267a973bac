import type { Rng } from '@millrace/kernel';

/** `mr_live_<8 id>_<32 secret><6 checksum>`, all base62 (guarantees.md section 4). */
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const ID_LENGTH = 8;
const SECRET_LENGTH = 32;
const CHECKSUM_LENGTH = 6;
const PATTERN = /^mr_live_([0-9A-Za-z]{8})_([0-9A-Za-z]{32})([0-9A-Za-z]{6})$/;

/** A new key of 190 random bits, with a checksum that tells a mistyped key without a look-up. */
export function makeApiKey(rng: Rng): string {
  const body = `mr_live_${randomText(rng, ID_LENGTH)}_${randomText(rng, SECRET_LENGTH)}`;
  return `${body}${checksumOf(body)}`;
}

/** The public part of a key, by which it is found; undefined for anything that is no key of ours. */
export function apiKeyId(key: string): string | undefined {
  const [, id, , checksum] = PATTERN.exec(key) ?? [];
  return checksum === checksumOf(key.slice(0, -CHECKSUM_LENGTH)) ? id : undefined;
}

/** Base62 without bias: bytes of 248 and more are thrown away, 248 = 4 × 62. */
function randomText(rng: Rng, length: number): string {
  let text = '';
  while (text.length < length) {
    for (const byte of rng.bytes(length)) {
      if (byte < 248 && text.length < length) text += ALPHABET.charAt(byte % ALPHABET.length);
    }
  }
  return text;
}

function checksumOf(text: string): string {
  let rest = crc32(text);
  let digits = '';
  for (let i = 0; i < CHECKSUM_LENGTH; i++) {
    digits = ALPHABET.charAt(rest % ALPHABET.length) + digits;
    rest = Math.floor(rest / ALPHABET.length);
  }
  return digits;
}

/** CRC-32 (IEEE 802.3) of ASCII text. */
function crc32(text: string): number {
  let crc = 0xffffffff;
  for (let i = 0; i < text.length; i++) {
    crc ^= text.charCodeAt(i);
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
