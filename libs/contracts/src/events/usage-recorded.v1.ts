import { z } from 'zod';
import { defineEvent } from '../define-event.js';
import { usageSegment } from './shapes.js';

/** Segments of GPU time: immutable, without price or outcome (a worker knows neither). */
export const usageRecorded = defineEvent({
  type: 'io.millrace.usage.recorded.v1',
  topic: 'usage.recorded',
  source: 'gpu-worker',
  schema: z.object({
    instanceId: z.string(),
    pool: z.string(),
    segments: z.array(usageSegment).min(1),
  }),
  key: (data) => data.instanceId,
  subject: () => undefined,
  fixture: {
    instanceId: 'instance-1',
    pool: 'local',
    segments: [
      {
        segmentId: '886313e1-3b8a-5372-9b90-0c9aee199e5d',
        gpu: 0,
        kind: 'run',
        tenantId: 'acme',
        taskId: '01890a5d-ac96-774b-bcce-b302099a8057',
        costCentre: 'default',
        attempt: 1,
        epoch: 1,
        seq: 1,
        startMs: 120,
        endMs: 10120,
        gpuMs: 10000,
        sharePpm: 1000000,
      },
    ],
  },
});
