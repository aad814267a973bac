import { createHash } from 'node:crypto';
import { AppError } from '@millrace/kernel';
import { IMAGE_LIMITS, imageFault, readImageHeader } from '../domain/image-header.js';
import type { ImageFiles, ImageSource, ImageTransport } from './ports/image-source.port.js';

/** Pictures kept on the worker's disk (WRK-16). */
export const IMAGE_CACHE_MAX = 100;

interface CachedImage {
  readonly name: string;
  readonly path: string;
}

/**
 * Downloads pictures, refuses what is not safe to decode, and keeps the last hundred by URL, least recently used out
 * first (WRK-16). Two attempts that want one URL at once share one download.
 */
export class CachedImageSource implements ImageSource {
  /** In order of use: the first is the next to go. */
  private readonly cached = new Map<string, Promise<CachedImage>>();

  constructor(
    private readonly transport: ImageTransport,
    private readonly files: ImageFiles,
  ) {}

  async fetch(url: string, signal?: AbortSignal): Promise<string> {
    signal?.throwIfAborted();
    const image = this.cached.get(url) ?? this.load(url);
    this.cached.delete(url);
    this.cached.set(url, image);
    try {
      return (await image).path;
    } catch (error) {
      if (this.cached.get(url) === image) this.cached.delete(url);
      throw error;
    }
  }

  /** Not tied to one caller's signal, since others may wait for the same download; its own time-out bounds it. */
  private async load(url: string): Promise<CachedImage> {
    const { bytes: maxBytes, fetchMs: timeoutMs } = IMAGE_LIMITS;
    const bytes = await this.transport.download(url, { maxBytes, timeoutMs });
    const fault = imageFault(bytes);
    if (fault !== undefined) {
      throw new AppError({ kind: 'validation', code: 'image_unreadable', message: fault, retriable: false });
    }
    const name = fileName(url, bytes);
    const path = await this.files.write(name, bytes);
    await this.evict();
    return { name, path };
  }

  private async evict(): Promise<void> {
    while (this.cached.size > IMAGE_CACHE_MAX) {
      const [url, oldest] = this.cached.entries().next().value ?? [];
      if (url === undefined || oldest === undefined) return;
      this.cached.delete(url);
      const image = await oldest.catch(() => undefined);
      if (image !== undefined) await this.files.remove(image.name);
    }
  }
}

function fileName(url: string, bytes: Uint8Array): string {
  const extension = readImageHeader(bytes)?.mediaType.slice('image/'.length) ?? 'bin';
  return `${createHash('sha256').update(url).digest('hex')}.${extension}`;
}
