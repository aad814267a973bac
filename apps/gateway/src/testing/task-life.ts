import {
  taskCharged,
  taskCompleted,
  taskProgressed,
  taskQueued,
  taskScheduled,
  taskStarted,
} from '@millrace/contracts';
import { newEvent, type NewEvent } from '@millrace/messaging/ports';

export const VIDEO = Buffer.from('not really a video, but bytes are bytes');

/** What the other services tell of one task that goes well. Each entry is one event. */
export function lifeOf(taskId: string, tenantId = 'acme') {
  const about = { taskId, tenantId };
  const attempt = { ...taskStarted.fixture.attempt, worker: 'worker-1' };
  const ended = { ...attempt, outcome: 'succeeded' as const, endedAt: '2026-01-01T00:00:14.000Z', gpuMs: 12_000 };
  const objects = `t/${tenantId}/${taskId}/1-1`;
  const event = (
    definition: Parameters<typeof newEvent>[0],
    data: { readonly sequence?: number; readonly [field: string]: unknown },
  ): NewEvent => {
    const attributes = { tenantId, ...(data.sequence === undefined ? {} : { sequence: data.sequence }) };
    return newEvent(definition, { ...(definition.fixture as object), ...about, ...data }, attributes);
  };
  return {
    videoKey: `${objects}/video.mp4`,
    queued: event(taskQueued, { sequence: 1 }),
    scheduled: event(taskScheduled, { sequence: 2, attempt }),
    started: event(taskStarted, { sequence: 3, attempt }),
    progressed: (step: number): NewEvent =>
      event(taskProgressed, {
        step,
        totalSteps: 120,
        percent: step / 1.2,
        remainingMs: 5000,
        preview: { mediaType: 'image/jpeg', base64: 'AAAA' },
      }),
    completed: event(taskCompleted, {
      sequence: 4,
      attempts: [ended],
      media: { durationS: 4, width: 832, height: 480 },
      artifacts: [
        {
          id: 'video',
          kind: 'video',
          key: `${objects}/video.mp4`,
          mediaType: 'video/mp4',
          bytes: VIDEO.length,
          sha256: 'ab',
        },
      ],
    }),
    charged: event(taskCharged, { sequence: 4 }),
  };
}
