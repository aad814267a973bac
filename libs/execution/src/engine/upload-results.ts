import { uuidv5 } from '@millrace/kernel';
import { artifactKey, type AttemptPlace } from '../domain/object-keys.js';
import type { ReportedArtifact } from './assignment.js';
import type { ObjectAccess } from './object-access.js';
import type { EngineOutput } from './ports/inference-engine.port.js';
import type { Workspace } from './ports/workspace.port.js';

/** Namespace of artifact ids. */
const ARTIFACT_NAMESPACE = '0b9b1f6e-5a0c-5f7e-8c55-41a2f0d9c7e3';

const EXTENSIONS: Readonly<Record<string, string>> = {
  'video/mp4': 'mp4',
  'video/webm': 'webm',
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/webp': 'webp',
  'application/json': 'json',
  'text/plain': 'txt',
};

const STEMS = { video: 'video', thumbnail: 'thumb', file: 'file' } as const;

type OutputFile = EngineOutput['files'][number];

/** Stores what an engine made under the attempt's own prefix, one object after the other, with size and hash. */
export async function uploadResults(
  place: AttemptPlace,
  files: readonly OutputFile[],
  ports: { readonly objects: ObjectAccess; readonly workspace: Workspace; readonly signal: AbortSignal },
): Promise<readonly ReportedArtifact[]> {
  const artifacts: ReportedArtifact[] = [];
  for (const [index, file] of files.entries()) {
    const key = artifactKey(place, nameOf(file, files.slice(0, index)));
    const { bytes, sha256 } = await ports.workspace.digest(file.path);
    await ports.objects.put(key, { path: file.path }, file.mediaType, bytes, ports.signal);
    artifacts.push({
      id: uuidv5(ARTIFACT_NAMESPACE, key),
      kind: file.kind,
      key,
      mediaType: file.mediaType,
      bytes,
      sha256,
    });
  }
  return artifacts;
}

/** `video.mp4`, `thumb.jpg`, `file.json`; a second one of a kind is `video-2.mp4`. */
function nameOf(file: OutputFile, earlier: readonly OutputFile[]): string {
  const number = 1 + earlier.filter(({ kind }) => kind === file.kind).length;
  const extension = EXTENSIONS[file.mediaType] ?? 'bin';
  return `${STEMS[file.kind]}${number === 1 ? '' : `-${number}`}.${extension}`;
}
