import type { DeliveryContent } from './delivery.js';

/** Facts of a terminal lifecycle event that the receiver is told. Times ISO-8601, durations in ms. */
export interface EndedTask {
  readonly taskId: string;
  readonly sequence: number;
  readonly status: 'completed' | 'failed' | 'cancelled' | 'expired';
  readonly requestedAt: string;
  readonly occurredAt: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly processingMs: number;
  readonly gpuMs: number;
  readonly error?: { readonly code: string; readonly message: string; readonly retryable: boolean };
  readonly reason?: string;
  readonly engine?: string;
  readonly media?: { readonly durationS: number; readonly width: number; readonly height: number };
  readonly artifacts?: readonly { readonly kind: string; readonly key: string; readonly bytes: number }[];
  readonly traceId?: string;
}

/** The status body (api.md section 1) with `sequence`; the URLs are added when it is sent. */
export function webhookContent(task: EndedTask): DeliveryContent {
  const video = task.artifacts?.find((artifact) => artifact.kind === 'video');
  const thumbnail = task.artifacts?.find((artifact) => artifact.kind === 'thumbnail');
  return {
    data: {
      task_id: task.taskId,
      status: task.status,
      sequence: task.sequence,
      progress: task.status === 'completed' ? 100 : 0,
      error: task.error?.message ?? null,
      error_code: task.error?.code,
      reason: task.reason,
      created_at: task.requestedAt,
      updated_at: task.occurredAt,
      duration: task.media?.durationS,
      resolution: task.media === undefined ? undefined : `${task.media.width}x${task.media.height}`,
      file_size: video?.bytes,
      processing_time: task.processingMs / 1000,
      gpu_seconds: task.gpuMs / 1000,
      engine: task.engine,
      metadata: task.metadata,
      trace_id: task.traceId,
    },
    ...(video === undefined ? {} : { resultKey: video.key }),
    ...(thumbnail === undefined ? {} : { thumbnailKey: thumbnail.key }),
  };
}
