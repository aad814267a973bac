import {
  attemptClosed,
  attemptReported,
  eventOfType,
  taskAssigned,
  taskCharged,
  taskCompleted,
  taskQueued,
  taskRequested,
  taskScheduled,
  taskStarted,
  usageRecorded,
  type EventData,
  type EventDefinition,
} from '@millrace/contracts';
import type { Books } from '@millrace/billing';
import type { ReceivedEvent } from '@millrace/messaging/ports';
import type { History, RecordedEvent } from '../history.js';

export const TASK = '01890a5d-ac96-774b-bcce-b302099a8057';
export const OTHER_TASK = '01890a5d-ac96-774b-bcce-b302099a8099';
export const SEGMENT = '886313e1-3b8a-5372-9b90-0c9aee199e5d';
export const URL_OF_ACME = 'https://acme.example/hook';
const TRACE = 'a'.repeat(32);
const COST = 3_600_000n;
const GPU_MS = 12_960;
const SUMMARY = {
  ...taskScheduled.fixture.attempt,
  worker: attemptReported.fixture.workerId,
};

let made = 0;

/** A record of the fixture's task, traced, with `data` and `attributes` on top. */
export function aRecord<Definition extends EventDefinition>(
  definition: Definition,
  data: Partial<EventData<Definition> & object> = {},
  attributes: Partial<RecordedEvent> = {},
): RecordedEvent {
  const merged = { ...(definition.fixture as object), ...data } as EventData<Definition>;
  const { sequence } = merged as { readonly sequence?: number };
  made += 1;
  const event: ReceivedEvent = {
    id: `event-${made}`,
    type: definition.type,
    source: definition.source,
    subject: definition.subject(merged),
    tenantId: (merged as { readonly tenantId?: string }).tenantId,
    sequence: definition.topic === 'task.lifecycle' ? sequence : undefined,
    time: '2026-01-01T00:00:00.000Z',
    traceparent: `00-${TRACE}-${'b'.repeat(16)}-01`,
    topic: definition.topic,
    key: definition.key(merged),
    data: merged,
  };
  return { ...event, appendedAtMs: made, ...attributes };
}

function completed(): RecordedEvent {
  const artifact = { id: 'a1', kind: 'video' as const, mediaType: 'video/mp4', bytes: 1, sha256: 'x' };
  return aRecord(taskCompleted, {
    callbackUrl: URL_OF_ACME,
    attempts: [{ ...SUMMARY, outcome: 'succeeded' }],
    artifacts: [{ ...artifact, key: `t/acme/${TASK}/1-1/video.mp4` }],
  });
}

/** Time and money of the one segment: from the provider to the task, from the task to its tenant, all of it. */
function books(): Books {
  const lines = (from: string, to: string) => [
    { account: from, amount: -COST, gpuMs: -GPU_MS },
    { account: to, amount: COST, gpuMs: GPU_MS },
  ];
  const entry = { subject: SEGMENT, revision: 1, ruleVersion: 1, reverses: undefined };
  return {
    instances: [],
    closures: [],
    segments: [
      {
        segmentId: SEGMENT,
        instanceId: 'instance-1',
        gpu: 0,
        kind: 'run',
        seq: 1,
        startMs: 0,
        endMs: GPU_MS,
        gpuMs: GPU_MS,
        sharePpm: 1_000_000,
        work: { tenantId: 'acme', taskId: TASK, costCentre: 'default', attempt: 1, epoch: 1 },
      },
    ],
    entries: [
      {
        ...entry,
        entryId: '00000000-0000-5000-8000-000000000001',
        kind: 'rate',
        lines: lines('provider:local', `pending:${TASK}`),
      },
      {
        ...entry,
        entryId: '00000000-0000-5000-8000-000000000002',
        kind: 'settle',
        lines: lines(`pending:${TASK}`, 'tenant:acme:default'),
      },
    ],
  };
}

/** One task of acme that was accepted, run, charged and announced as it should be. */
export function aHistory(overrides: Partial<History> = {}): History {
  const end = completed();
  const row = { taskId: TASK, tenantId: 'acme', state: 'completed', sequence: 4 };
  const told = { task_id: TASK, status: 'completed', sequence: 4, trace_id: TRACE };
  return {
    submissions: [{ tenantId: 'acme', idempotencyKey: 'k1', acceptedIds: [TASK, TASK], traceIds: [TRACE, TRACE] }],
    cancellations: [],
    observations: [
      { tenantId: 'acme', taskId: TASK, status: 'queued' },
      { tenantId: 'globex', taskId: TASK, status: 'not_found' },
      { tenantId: 'acme', taskId: TASK, status: 'completed' },
    ],
    records: [
      aRecord(taskRequested),
      aRecord(taskQueued),
      aRecord(taskScheduled, { attempt: SUMMARY }),
      aRecord(taskAssigned),
      aRecord(taskStarted, { sequence: 3 }),
      aRecord(attemptReported, { kind: 'succeeded', number: 2 }),
      end,
      aRecord(attemptClosed),
      aRecord(usageRecorded),
      aRecord(taskCharged, { cost: String(COST) }),
    ],
    schedulerTasks: [row],
    gatewayTasks: [row],
    books: books(),
    storedSegmentIds: new Set([SEGMENT]),
    charges: [{ taskId: TASK, tenantId: 'acme', cost: COST }],
    receipts: [
      {
        tenantId: 'acme',
        url: URL_OF_ACME,
        webhookId: end.id,
        body: JSON.stringify({ type: 'task.completed', data: told }),
        signatureValid: true,
        taken: true,
      },
    ],
    deadEndpoints: new Set(),
    leftovers: { leases: [], outbox: { gateway: 0 }, deadLetters: 0, parked: 0 },
    applications: [{ consumer: 'scheduler.requests', eventId: 'event-1' }],
    ...overrides,
  };
}

/** The records, with `change` made to those of one type. */
export function withRecords(
  history: History,
  definition: EventDefinition,
  change: (record: RecordedEvent) => readonly RecordedEvent[],
): History {
  if (eventOfType(definition.type) === undefined) throw new Error(`${definition.type} is no event`);
  return {
    ...history,
    records: history.records.flatMap((record) => (record.type === definition.type ? change(record) : [record])),
  };
}
