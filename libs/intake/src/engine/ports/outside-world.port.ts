import type { Instant, TaskId, TenantId } from '@millrace/kernel';
import type { Artifact } from '../../domain/task-view.js';

/**
 * Whether an address may be called from here (guarantees.md section 3, "Outbound addresses"). The check at accept is
 * of the literal; whoever connects checks again what the name resolves to.
 */
export interface AddressPolicy {
  /** Why the URL is refused, as a sentence that says what to do; undefined when it may be called. */
  refusal(url: string, use: 'callback' | 'image'): Promise<string | undefined>;
}

export interface SignedUrl {
  /** Absolute; serves the object with ranges and without a header until it expires. */
  readonly url: string;
  readonly expiresAt: Instant;
}

/** Signs at each read, never stored (B13). */
export interface ArtifactUrls {
  sign(artifact: Artifact, ttlS: number): Promise<SignedUrl>;
  /** False when the object was removed by retention or erased. */
  exists(artifact: Artifact): Promise<boolean>;
}

/** Everything a task left in the object store: results, checkpoints, previews. */
export interface TaskObjects {
  /** Deletes what lies under the task; what is gone already is no error. */
  erase(tenantId: TenantId, taskId: TaskId): Promise<void>;
}

/** Says how long accepted events have waited to be published, in ms. */
export interface PublishBacklog {
  oldestUnpublishedMs(): number;
}

/** Says how far behind the scheduler is with accepted tasks, in ms. */
export interface DispatchBacklog {
  dispatchLagMs(): number;
}
