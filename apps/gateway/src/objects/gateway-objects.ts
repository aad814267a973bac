import type { FileObjectStore, S3ObjectStore } from '@millrace/adapter-object-store';
import { taskArtifactName } from '../http/task.convert.js';
import type { Artifact, ArtifactUrls, TaskObjects } from '@millrace/intake/ports';
import { AppError, type Clock } from '@millrace/kernel';

/** The object store, and how its signed URLs are served when this server is to serve them. */
export interface GatewayObjects {
  readonly store: FileObjectStore | S3ObjectStore;
  /** Absent for S3, which serves its URLs itself. */
  readonly files?: Pick<FileObjectStore, 'openSigned'>;
}

const ANY_KEY = 'any';
const PAGE = 500;
const PAGES_MAX = 1000;

/** Origin of the signed URLs where it is not this server: the page may show media from there. */
export async function mediaOriginOf({ store, files }: GatewayObjects): Promise<string | undefined> {
  if (files !== undefined) return undefined;
  return new URL(await store.signedUrl(ANY_KEY, { expiresInS: 1 })).origin;
}

export function createArtifactUrls({ store }: GatewayObjects, clock: Clock): ArtifactUrls {
  return {
    sign: async (artifact, ttlS) => {
      const url = await store.signedUrl(artifact.key, { expiresInS: ttlS, downloadName: taskArtifactName(artifact) });
      return { url, expiresAt: clock.now() + ttlS * 1000 };
    },
    exists: (artifact) => isThere(store, artifact),
  };
}

async function isThere(store: GatewayObjects['store'], artifact: Artifact): Promise<boolean> {
  try {
    await store.head(artifact.key);
    return true;
  } catch (error) {
    if (error instanceof AppError && ['object_not_found', 'artifact_expired'].includes(error.code)) return false;
    throw error;
  }
}

export function createTaskObjects({ store }: GatewayObjects): TaskObjects {
  return {
    erase: async (tenantId, taskId) => {
      const prefix = `t/${tenantId}/${taskId}/`;
      for (let page = 0; page < PAGES_MAX; page++) {
        const found = await store.list(prefix, { limit: PAGE });
        if (found.length === 0) return;
        await store.delete(found.map((object) => object.key));
      }
    },
  };
}
