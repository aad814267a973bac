/** What the first bytes of a picture say. */
export interface ImageHeader {
  readonly mediaType: 'image/png' | 'image/jpeg' | 'image/webp';
  readonly width: number;
  readonly height: number;
}

/** Limits of guarantees.md section 3, checked before anything decodes the picture. */
export const IMAGE_LIMITS = {
  bytes: 20 * 1024 * 1024,
  side: 8_192,
  pixels: 40_000_000,
  fetchMs: 10_000,
} as const;

/** Segments walked in a JPEG before its size is held to be missing. */
const JPEG_SEGMENTS_MAX = 1_000;

/** The header of a PNG, JPEG or WebP by its magic bytes; undefined for anything else or a cut-off file. */
export function readImageHeader(bytes: Uint8Array): ImageHeader | undefined {
  return readPng(bytes) ?? readJpeg(bytes) ?? readWebp(bytes);
}

/** Why a picture can't be used, as a sentence that says what to do; undefined when it can. */
export function imageFault(bytes: Uint8Array): string | undefined {
  if (bytes.length > IMAGE_LIMITS.bytes) return 'The image is larger than 20 MiB; send a smaller one.';
  const header = readImageHeader(bytes);
  if (header === undefined) return 'The URL did not give a PNG, JPEG or WebP image.';
  const { width, height } = header;
  if (width < 1 || height < 1) return 'The image has no pixels.';
  if (width > IMAGE_LIMITS.side || height > IMAGE_LIMITS.side) return 'The image is wider or higher than 8192 pixels.';
  if (width * height > IMAGE_LIMITS.pixels) return 'The image has more than 40 megapixels; send a smaller one.';
  return undefined;
}

function readPng(bytes: Uint8Array): ImageHeader | undefined {
  if (bytes.length < 24 || !hasBytes(bytes, 0, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return undefined;
  if (!hasText(bytes, 12, 'IHDR')) return undefined;
  const view = viewOf(bytes);
  return { mediaType: 'image/png', width: view.getUint32(16), height: view.getUint32(20) };
}

/** Walks the segments to the frame header (SOF0–SOF15 without DHT, JPG and DAC). */
function readJpeg(bytes: Uint8Array): ImageHeader | undefined {
  if (!hasBytes(bytes, 0, [0xff, 0xd8, 0xff])) return undefined;
  const view = viewOf(bytes);
  let offset = 2;
  for (let i = 0; i < JPEG_SEGMENTS_MAX && offset + 9 <= bytes.length; i++) {
    if (bytes[offset] !== 0xff) return undefined;
    const marker = bytes[offset + 1] ?? 0;
    if (marker === 0xff) {
      offset += 1;
    } else if (isFrameMarker(marker)) {
      return { mediaType: 'image/jpeg', width: view.getUint16(offset + 7), height: view.getUint16(offset + 5) };
    } else {
      offset += 2 + (isBareMarker(marker) ? 0 : view.getUint16(offset + 2));
    }
  }
  return undefined;
}

function isFrameMarker(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

/** Markers without a length: TEM and RST0–RST7. */
function isBareMarker(marker: number): boolean {
  return marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7);
}

function readWebp(bytes: Uint8Array): ImageHeader | undefined {
  if (bytes.length < 30 || !hasText(bytes, 0, 'RIFF') || !hasText(bytes, 8, 'WEBP')) return undefined;
  const view = viewOf(bytes);
  if (hasText(bytes, 12, 'VP8X')) return webp(1 + uint24(view, 24), 1 + uint24(view, 27));
  if (hasText(bytes, 12, 'VP8 ') && hasBytes(bytes, 23, [0x9d, 0x01, 0x2a])) {
    return webp(view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff);
  }
  if (hasText(bytes, 12, 'VP8L') && bytes[20] === 0x2f) {
    const bits = view.getUint32(21, true);
    return webp(1 + (bits & 0x3fff), 1 + ((bits >>> 14) & 0x3fff));
  }
  return undefined;
}

function webp(width: number, height: number): ImageHeader {
  return { mediaType: 'image/webp', width, height };
}

function uint24(view: DataView, offset: number): number {
  return view.getUint16(offset, true) | (view.getUint8(offset + 2) << 16);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function hasBytes(bytes: Uint8Array, offset: number, wanted: readonly number[]): boolean {
  return wanted.every((value, index) => bytes[offset + index] === value);
}

function hasText(bytes: Uint8Array, offset: number, wanted: string): boolean {
  return hasBytes(
    bytes,
    offset,
    Array.from(wanted, (char) => char.charCodeAt(0)),
  );
}
