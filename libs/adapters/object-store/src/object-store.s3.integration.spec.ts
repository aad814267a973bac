import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { objectStoreConformance } from '@millrace/execution/testing';
import { sleep, systemClock, systemIds } from '@millrace/kernel';
import { createTestBucket, describeWithServer, freePort, type S3Address } from '@millrace/test-kit';
import { createS3ObjectStore, type S3ObjectStore } from './index.js';

function storeOn(address: S3Address, bucket: string): S3ObjectStore {
  return createS3ObjectStore({ ...address, bucket, clock: systemClock, ids: systemIds });
}

await describeWithServer('s3', 'object store on S3', (address) => {
  objectStoreConformance('S3', async () => {
    const store = storeOn(address, await createTestBucket(address));
    const folder = await mkdtemp(join(tmpdir(), 'millrace-s3-bodies-'));
    let files = 0;
    return {
      store,
      // The server reads its own clock: this is the one wait that can't be virtual.
      passTime: (durationMs) => sleep(systemClock, durationMs),
      writeFile: async (bytes) => {
        const path = join(folder, `body-${files++}`);
        await writeFile(path, bytes);
        return path;
      },
      close: async () => {
        store.close();
        await rm(folder, { recursive: true, force: true });
      },
    };
  });

  describe('set-up and retention', () => {
    let store: S3ObjectStore;
    beforeAll(async () => {
      store = storeOn(address, await createTestBucket(address));
    });
    afterAll(() => store.close());

    it('makes its bucket, and again without an error', async () => {
      const fresh = storeOn(address, `${(await createTestBucket(address)).slice(0, -1)}x`);
      await fresh.ensureBucket();
      await fresh.ensureBucket();
      await fresh.ping();
      fresh.close();
    });

    it('answers artifact_expired for what retention removed, and shows no tombstone in a list', async () => {
      await store.put('r/video.mp4', new Uint8Array(5), { mediaType: 'video/mp4' });
      await store.expire(['r/video.mp4']);
      await expect(store.get('r/video.mp4')).rejects.toMatchObject({ code: 'artifact_expired', kind: 'precondition' });
      expect(await store.list('', { limit: 10 })).toEqual([]);
      await store.delete(['r/video.mp4']);
      await expect(store.head('r/video.mp4')).rejects.toMatchObject({ code: 'object_not_found' });
    });

    it('signs URLs for the address that clients see', async () => {
      const publicEndpoint = address.endpoint.replace('127.0.0.1', 'localhost');
      const behind = createS3ObjectStore({
        ...address,
        publicEndpoint,
        bucket: 'b',
        clock: systemClock,
        ids: systemIds,
      });
      expect(await behind.signedUrl('a/b.mp4', { expiresInS: 60 })).toContain(publicEndpoint);
      behind.close();
    });

    it('says unavailable where no server answers', async () => {
      const nowhere = storeOn({ ...address, endpoint: `http://127.0.0.1:${await freePort()}` }, 'b');
      await expect(nowhere.ping()).rejects.toMatchObject({ kind: 'unavailable', retriable: true });
      nowhere.close();
    });
  });
});
