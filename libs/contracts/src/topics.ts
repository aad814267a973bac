const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export interface TopicDefinition {
  /** What the records are keyed by, and therefore ordered by. */
  readonly key: 'task' | 'worker' | 'instance' | 'pool' | 'budget' | 'endpoint';
  readonly producers: readonly string[];
  readonly retentionMs: number;
  /** The newest value counts; a lost record does no harm. */
  readonly lossy: boolean;
  readonly description: string;
}

/** Every topic of Millrace. The partition count is a setting (24 by default) and never changes for a deployment. */
export const TOPICS = {
  'task.requested': {
    key: 'task',
    producers: ['gateway'],
    retentionMs: 7 * DAY_MS,
    lossy: false,
    description: 'Accepted tasks.',
  },
  'task.cancel-requested': {
    key: 'task',
    producers: ['gateway'],
    retentionMs: 7 * DAY_MS,
    lossy: false,
    description: 'Cancellations asked for by clients.',
  },
  'task.lifecycle': {
    key: 'task',
    producers: ['scheduler'],
    retentionMs: 7 * DAY_MS,
    lossy: false,
    description: "Every change of a task, with a gap-free sequence per task. The operator's stream; holds no prompts.",
  },
  'worker.commands': {
    key: 'worker',
    producers: ['scheduler'],
    retentionMs: HOUR_MS,
    lossy: false,
    description: 'Assignments, cancellations and refusals for one worker incarnation.',
  },
  'attempt.reported': {
    key: 'task',
    producers: ['gpu-worker'],
    retentionMs: 7 * DAY_MS,
    lossy: false,
    description: 'What a worker says of its attempts, fenced by epoch.',
  },
  'attempt.closed': {
    key: 'task',
    producers: ['scheduler'],
    retentionMs: 35 * DAY_MS,
    lossy: false,
    description: 'How an attempt ended; settles its pending cost.',
  },
  'task.progress': {
    key: 'task',
    producers: ['gpu-worker'],
    retentionMs: HOUR_MS,
    lossy: true,
    description: 'Steps done, and a small preview picture.',
  },
  'worker.registered': {
    key: 'worker',
    producers: ['gpu-worker'],
    retentionMs: HOUR_MS,
    lossy: false,
    description: 'A worker incarnation is ready for commands.',
  },
  'worker.heartbeat': {
    key: 'worker',
    producers: ['gpu-worker'],
    retentionMs: HOUR_MS,
    lossy: false,
    description: 'Renews the leases a worker holds.',
  },
  'usage.recorded': {
    key: 'instance',
    producers: ['gpu-worker', 'scheduler'],
    retentionMs: 35 * DAY_MS,
    lossy: false,
    description: 'Segments of GPU time.',
  },
  'capacity.changed': {
    key: 'pool',
    producers: ['scheduler'],
    retentionMs: 30 * DAY_MS,
    lossy: false,
    description: 'Instances that came or went, with the price in force.',
  },
  'billing.charged': {
    key: 'task',
    producers: ['billing'],
    retentionMs: 35 * DAY_MS,
    lossy: false,
    description: 'The final cost of a task.',
  },
  'queue.snapshot': {
    key: 'pool',
    producers: ['scheduler'],
    retentionMs: HOUR_MS,
    lossy: true,
    description: 'Lanes and rates, at most once a second, for positions and estimates.',
  },
  'notification.delivered': {
    key: 'endpoint',
    producers: ['notifier'],
    retentionMs: 7 * DAY_MS,
    lossy: false,
    description: 'A webhook was answered with 2xx.',
  },
} as const satisfies Record<string, TopicDefinition>;

export type TopicName = keyof typeof TOPICS;

export const TOPIC_NAMES = Object.keys(TOPICS) as readonly TopicName[];

/** Records that a consumer could not apply, kept for 30 days with their raw bytes and original position. */
export const DEAD_LETTER_RETENTION_MS = 30 * DAY_MS;

export function deadLetterTopic(topic: TopicName): `${TopicName}.dlq` {
  return `${topic}.dlq`;
}
