import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { FloatNetwork } from './float-network.js';
import { parseModelDescription, type ModelDescription } from './model-description.js';

const DESCRIPTION_FILE = 'model.json';
const NETWORK_FILES = ['denoiser.onnx', 'object.onnx', 'background.onnx'] as const;

/** The loaded text-to-video model: its description, its three networks, and what identifies it. */
export interface VideoModel {
  readonly description: ModelDescription;
  /** Hex SHA-256 over all files of the model. */
  readonly filesHash: string;
  /** z [2, tokens, token size], t [2], cond [2, cond size] → x0 like z. */
  readonly denoiser: FloatNetwork;
  /** xy [n, 2], pose [5], code [10], rgb [3], foot [1] → rgba [n, 4]. */
  readonly object: FloatNetwork;
  /** xy [n, 2], bg [17], t [1] in seconds, foot [1] → rgb [n, 3]. */
  readonly background: FloatNetwork;
}

/** Reads, hashes and loads the model of a directory. Errors: whatever the file system or the ONNX runtime throws. */
export async function loadVideoModel(directory: string, threads: number): Promise<VideoModel> {
  const files = [DESCRIPTION_FILE, ...NETWORK_FILES].map((name) => path.join(directory, name));
  const contents = await Promise.all(files.map((file) => readFile(file)));
  const hash = createHash('sha256');
  for (const content of contents) hash.update(createHash('sha256').update(content).digest());
  const [denoiser, object, background] = await Promise.all([
    FloatNetwork.load(path.join(directory, NETWORK_FILES[0]), threads),
    FloatNetwork.load(path.join(directory, NETWORK_FILES[1]), threads),
    FloatNetwork.load(path.join(directory, NETWORK_FILES[2]), threads),
  ]);
  const description = parseModelDescription(String(contents[0]));
  return { description, filesHash: hash.digest('hex'), denoiser, object, background };
}

export async function releaseVideoModel(model: VideoModel): Promise<void> {
  await Promise.all([model.denoiser.release(), model.object.release(), model.background.release()]);
}
