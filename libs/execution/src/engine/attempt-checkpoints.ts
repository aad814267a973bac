import { createHash } from 'node:crypto';
import { AppError, messageOf, type Clock, type Logger } from '@millrace/kernel';
import {
  decodeManifest,
  encodeManifest,
  joinBlobs,
  splitBlobs,
  type CheckpointManifest,
  type CheckpointPack,
} from '../domain/checkpoint-manifest.js';
import { checkpointKeys, isCheckpointUpTo, taskPrefix, type AttemptPlace } from '../domain/object-keys.js';
import type { CheckpointReference } from './assignment.js';
import type { ObjectAccess } from './object-access.js';
import type { EngineCheckpoint, ResumePoint } from './ports/inference-engine.port.js';
import type { WorkerObserver } from './ports/worker-observer.port.js';

export interface AttemptCheckpointsOptions {
  readonly place: AttemptPlace;
  readonly modelHash: string;
  readonly objects: ObjectAccess;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly observer: WorkerObserver;
  readonly signal: AbortSignal;
}

type Blob = EngineCheckpoint['newBlobs'][number];

/**
 * The checkpoints of one attempt on the object store. Each writes what is new since the one before (a pack of blobs) and
 * a manifest that names everything up to it, the packs of earlier attempts included.
 */
export class AttemptCheckpoints {
  private packs: readonly CheckpointPack[] = [];
  /** Taken from the engine and not yet stored: a failed upload must not lose them for the next checkpoint. */
  private unstored: readonly Blob[] = [];
  private newest: CheckpointReference | undefined;
  private hasStored = false;

  constructor(private readonly options: AttemptCheckpointsOptions) {}

  /** The newest checkpoint that a later attempt may go on from. */
  latest(): CheckpointReference | undefined {
    return this.newest;
  }

  /**
   * Where to go on, or undefined to start at step 0: another model, another task's key, a missing or a damaged
   * checkpoint. Throws only when the store stays away.
   */
  async resume(reference: CheckpointReference): Promise<ResumePoint | undefined> {
    const { logger, place } = this.options;
    try {
      const manifest = await this.readManifest(reference);
      if (typeof manifest === 'string') {
        logger.warn('checkpoint not used', { taskId: place.taskId, step: reference.step, reason: manifest });
        return undefined;
      }
      const blobs: Blob[] = [];
      for (const pack of manifest.packs) blobs.push(...(await this.readPack(pack)));
      this.packs = manifest.packs;
      this.newest = reference;
      return { step: manifest.step, state: Buffer.from(manifest.state, 'base64'), blobs };
    } catch (error) {
      if (this.options.signal.aborted || !(error instanceof AppError) || error.retriable) throw error;
      logger.warn('checkpoint not used', { taskId: place.taskId, step: reference.step, reason: messageOf(error) });
      return undefined;
    }
  }

  /** Stores a checkpoint; its reference. A failure keeps the blobs for the next one. */
  async store(checkpoint: EngineCheckpoint): Promise<CheckpointReference> {
    const { place, modelHash, objects, clock, observer, signal } = this.options;
    const startedMs = clock.monotonicMs();
    const keys = checkpointKeys(place, checkpoint.step);
    this.hasStored = true;
    this.unstored = [...this.unstored, ...checkpoint.newBlobs];
    const blobs = this.unstored;
    const pack = blobs.length === 0 ? undefined : joinBlobs(blobs);
    if (pack !== undefined) await objects.put(keys.pack, pack, 'application/octet-stream', pack.length, signal);
    const packs = pack === undefined ? this.packs : [...this.packs, describe(keys.pack, pack, blobs)];
    const manifest = encodeManifest({
      version: 1,
      taskId: place.taskId,
      step: checkpoint.step,
      modelHash,
      state: Buffer.from(checkpoint.state).toString('base64'),
      packs,
    });
    await objects.put(keys.manifest, manifest, 'application/json', manifest.length, signal);
    this.packs = packs;
    this.unstored = this.unstored.slice(blobs.length);
    this.newest = { key: keys.manifest, step: checkpoint.step, modelHash };
    observer.checkpointStored(manifest.length + (pack?.length ?? 0), clock.monotonicMs() - startedMs);
    return this.newest;
  }

  /**
   * Deletes the task's checkpoints, those of earlier attempts included. Only when the success is on the bus: nobody goes
   * on from them any more. A successor's are spared, in case this lease was lost without our knowing. Never rejects:
   * what can't be deleted is left to retention.
   */
  async remove(): Promise<void> {
    const { objects, place, logger, signal } = this.options;
    if (!this.hasStored && place.attempt === 1) return;
    try {
      await objects.deleteUnder(taskPrefix(place), (key) => isCheckpointUpTo(place.epoch, key), signal);
    } catch (error) {
      logger.warn('checkpoints not deleted', { taskId: place.taskId, error: messageOf(error) });
    }
  }

  /** The manifest, or the reason why it can't be used. */
  private async readManifest(reference: CheckpointReference): Promise<CheckpointManifest | string> {
    const { place, modelHash, objects, signal } = this.options;
    if (reference.modelHash !== modelHash) return 'it was made by another model or with other parameters';
    if (!reference.key.startsWith(taskPrefix(place))) return 'its key belongs to another task';
    const manifest = decodeManifest(await objects.get(reference.key, signal));
    if (manifest === undefined) return 'its manifest can not be read';
    if (manifest.taskId !== place.taskId || manifest.modelHash !== modelHash)
      return 'its manifest names something else';
    if (manifest.packs.some(({ key }) => !key.startsWith(taskPrefix(place)))) return 'a pack belongs to another task';
    return manifest;
  }

  private async readPack(pack: CheckpointPack): Promise<Blob[]> {
    const bytes = await this.options.objects.get(pack.key, this.options.signal);
    if (bytes.length === pack.bytes && sha256(bytes) === pack.sha256) return splitBlobs(pack, bytes);
    throw new AppError({
      kind: 'internal',
      code: 'internal_error',
      message: `the pack ${pack.key} is damaged`,
      retriable: false,
    });
  }
}

function describe(key: string, pack: Uint8Array, blobs: readonly Blob[]): CheckpointPack {
  return {
    key,
    bytes: pack.length,
    sha256: sha256(pack),
    blobs: blobs.map(({ name, bytes }) => ({ name, bytes: bytes.length })),
  };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
