import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { FloatNetwork } from './float-network.js';
import { parseModelDescription, type ModelDescription } from './model-description.js';

const MODEL_FILES = {
  description: 'model.json',
  denoiser: 'denoiser.onnx',
  object: 'object.onnx',
  background: 'background.onnx',
} as const;

/** What a model is, known without loading its networks. */
export interface ModelIdentity {
  readonly description: ModelDescription;
  /** Hex SHA-256 over all files of the model. */
  readonly filesHash: string;
}

/** The loaded text-to-video model. */
export interface VideoModel {
  readonly description: ModelDescription;
  /** z [2, tokens, token size], t [2], cond [2, cond size] → x0 like z. */
  readonly denoiser: FloatNetwork;
  /** xy [n, 2], pose [5], code [10], rgb [3], foot [1] → rgba [n, 4]. */
  readonly object: FloatNetwork;
  /** xy [n, 2], bg [17], t [1] in seconds, foot [1] → rgb [n, 3]. */
  readonly background: FloatNetwork;
}

/** Reads 2 MB, some 10 ms. Errors: whatever the file system throws. */
export function identifyModel(directory: string): ModelIdentity {
  const contents = Object.values(MODEL_FILES).map((name) => readFileSync(path.join(directory, name)));
  const hash = createHash('sha256');
  for (const content of contents) hash.update(createHash('sha256').update(content).digest());
  return { description: parseModelDescription(String(contents[0])), filesHash: hash.digest('hex') };
}

/** Loads the networks of a model. Errors: whatever the ONNX runtime throws. */
export async function loadVideoModel(
  directory: string,
  threads: number,
  description: ModelDescription,
): Promise<VideoModel> {
  const network = (name: string): Promise<FloatNetwork> => FloatNetwork.load(path.join(directory, name), threads);
  const [denoiser, object, background] = await Promise.all([
    network(MODEL_FILES.denoiser),
    network(MODEL_FILES.object),
    network(MODEL_FILES.background),
  ]);
  return { description, denoiser, object, background };
}

export async function releaseVideoModel(model: VideoModel): Promise<void> {
  await Promise.all([model.denoiser.release(), model.object.release(), model.background.release()]);
}
