import { fileURLToPath } from 'node:url';

/** Absolute path of `models/demo-video` in this repository; the same from the sources and from the built package. */
export function demoModelDirectory(): string {
  return fileURLToPath(new URL('../../../../../models/demo-video', import.meta.url));
}
