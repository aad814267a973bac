/** Gives the picture of an image-to-video task as a local file that is safe to decode. */
export interface ImageSource {
  /**
   * Path of a local file with the picture behind `url`. Errors: `image_unreadable` (too large, not a picture, not there;
   * retriable where another try may help), `address_refused`.
   */
  fetch(url: string, signal?: AbortSignal): Promise<string>;
}

export interface ImageRequest {
  /** The answer is cut off and refused past so many bytes. */
  readonly maxBytes: number;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Downloads bytes over HTTP under the outbound address rules of guarantees.md section 3 (every address vetted, at most
 * three redirects, each vetted). Errors as in `ImageSource`. Not part of this port: what the bytes are.
 */
export interface ImageTransport {
  download(url: string, request: ImageRequest): Promise<Uint8Array>;
}

/** Files of the image cache. */
export interface ImageFiles {
  /** Writes the whole file or none, and answers its path. An existing file of the name is replaced. */
  write(name: string, bytes: Uint8Array): Promise<string>;
  /** A missing file is no error. */
  remove(name: string): Promise<void>;
}
