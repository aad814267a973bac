import { z } from 'zod';
import { engineCrashed } from '../engine-errors.js';

const runStateSchema = z.object({
  version: z.literal(1),
  denoising: z.object({ step: z.int().nonnegative(), z: z.array(z.number()) }),
  frames: z.int().nonnegative(),
});

/** Where a run stands: the latent between two denoising steps, and how many frames are painted. */
export interface RunState {
  readonly denoising: { readonly step: number; readonly z: Float32Array };
  readonly frames: number;
}

/** JSON, some 5 kB. A float32 survives as the decimal number of its double. */
export function encodeRunState(state: RunState): Uint8Array {
  const denoising = { step: state.denoising.step, z: [...state.denoising.z] };
  return Buffer.from(JSON.stringify({ version: 1, denoising, frames: state.frames }));
}

/** Errors: `engine_crashed` when the bytes are no state of this version. */
export function decodeRunState(bytes: Uint8Array): RunState {
  try {
    const { denoising, frames } = runStateSchema.parse(JSON.parse(Buffer.from(bytes).toString()));
    return { denoising: { step: denoising.step, z: Float32Array.from(denoising.z) }, frames };
  } catch (cause) {
    throw engineCrashed('the checkpoint is not of this engine', cause);
  }
}
