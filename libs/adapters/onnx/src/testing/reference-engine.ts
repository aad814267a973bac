import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { demoModelDirectory } from '../model/demo-model-directory.js';

/** What specs use of models/demo-video/video.mjs, the reference implementation. */
export interface ReferenceEngine {
  readonly model: unknown;
  start(request: { prompt: string; seed: number; steps: number }): unknown;
  denoise(state: unknown): Promise<Float32Array>;
  render(z: Float32Array, request: ReferenceRendering): Promise<void>;
}

export interface ReferenceRendering {
  readonly out: string;
  readonly thumb: string;
  readonly width: number;
  readonly height: number;
  readonly seconds: number;
  readonly image?: string;
}

export interface ReferenceModule {
  readonly Engine: { load(directory: string, options: { threads: number }): Promise<ReferenceEngine> };
  parsePrompt(prompt: string, model: unknown): { readonly cond: Float32Array; readonly unknown: readonly string[] };
}

/** Runs networks: see `importWithHostArrays`. */
export async function importReference(): Promise<ReferenceModule> {
  const module: unknown = await import(pathToFileURL(path.join(demoModelDirectory(), 'video.mjs')).href);
  return module as ReferenceModule;
}
