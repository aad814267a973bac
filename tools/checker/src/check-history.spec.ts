import { describe, expect, it } from '@jest/globals';
import {
  attemptClosed,
  attemptReported,
  taskAssigned,
  taskCharged,
  taskCompleted,
  taskFailed,
  taskQueued,
  taskScheduled,
  taskStarted,
} from '@millrace/contracts';
import { checkHistory } from './check-history.js';
import type { History, RecordedEvent } from './history.js';
import { OTHER_TASK, SEGMENT, TASK, URL_OF_ACME, aHistory, aRecord, withRecords } from './testing/a-history.js';
import { ASSERTIONS, type Assertion } from './violation.js';

const without = (definition: Parameters<typeof withRecords>[1]) => withRecords(aHistory(), definition, () => []);

const changed = (
  definition: Parameters<typeof withRecords>[1],
  data: object,
  attributes: Partial<RecordedEvent> = {},
): History =>
  withRecords(aHistory(), definition, (record) => [
    { ...record, data: { ...(record.data as object), ...data }, ...attributes },
  ]);

const plus = (...records: readonly RecordedEvent[]): History => {
  const history = aHistory();
  return { ...history, records: [...history.records, ...records] };
};

/** The books with one line of one entry in another account, or with an entry more. */
const inBooks = (change: (books: History['books']) => Partial<History['books']>): History => {
  const history = aHistory();
  return { ...history, books: { ...history.books, ...change(history.books) } };
};

const receipt = (overrides: Partial<History['receipts'][number]>): History => {
  const history = aHistory();
  return { ...history, receipts: history.receipts.map((each) => ({ ...each, ...overrides })) };
};

const body = (data: object): string => JSON.stringify({ type: 'task.completed', data });
const row = { taskId: TASK, tenantId: 'acme', state: 'completed', sequence: 4 };
const leftovers = { leases: [], outbox: {}, deadLetters: 0, parked: 0 };
const submission = { tenantId: 'acme', idempotencyKey: 'k1', acceptedIds: [TASK] };

const BROKEN: readonly (readonly [Assertion, string, () => History])[] = [
  ['accepted = ended', 'an accepted task that nothing ended', () => without(taskCompleted)],
  [
    'accepted = ended',
    'an accepted task of which nothing is left',
    () => aHistory({ submissions: [submission, { tenantId: 'acme', acceptedIds: [OTHER_TASK] }] }),
  ],
  [
    'accepted = ended',
    'a task whose client never had its answer, and that never ended',
    () => aHistory({ gatewayTasks: [row, { ...row, taskId: OTHER_TASK, state: 'queued', sequence: 0 }] }),
  ],
  ['one terminal state', 'a second end', () => plus(aRecord(taskFailed, { sequence: 5 }))],
  ['one terminal state', 'an event after the end', () => plus(aRecord(taskStarted, { sequence: 5 }))],
  [
    'one terminal state',
    'a scheduler that says otherwise',
    () => aHistory({ schedulerTasks: [{ ...row, state: 'failed' }] }),
  ],
  ['one terminal state', 'a gateway that is behind', () => aHistory({ gatewayTasks: [{ ...row, sequence: 3 }] })],
  ['one terminal state', 'a scheduler without the task', () => aHistory({ schedulerTasks: [] })],
  [
    'one terminal state',
    'a client that saw it failed',
    () => aHistory({ observations: [{ tenantId: 'acme', taskId: TASK, status: 'failed' }] }),
  ],
  [
    'one terminal state',
    'a client that saw it completed, then queued',
    () =>
      aHistory({
        observations: ['completed', 'queued'].map((status) => ({ tenantId: 'acme', taskId: TASK, status })),
      }),
  ],
  [
    'one task per key',
    'two tasks for one key',
    () => aHistory({ submissions: [submission, { ...submission, acceptedIds: [OTHER_TASK] }] }),
  ],
  [
    'one task per key',
    'one task for two keys',
    () => aHistory({ submissions: [submission, { ...submission, idempotencyKey: 'k2' }] }),
  ],
  ['sequence gap-free', 'a missing number', () => without(taskStarted)],
  ['sequence gap-free', 'a number told twice', () => plus(aRecord(taskStarted, { sequence: 3 }))],
  [
    'sequence gap-free',
    'another number inside than outside',
    () => changed(taskQueued, { sequence: 2 }, { sequence: 1 }),
  ],
  [
    'epochs fence',
    'a lease whose epoch is not the next',
    () => changed(taskScheduled, { attempt: { ...taskScheduled.fixture.attempt, epoch: 2 } }),
  ],
  ['epochs fence', 'an assignment that no lease stands behind', () => plus(aRecord(taskAssigned, { epoch: 7 }))],
  ['epochs fence', 'one epoch for two workers', () => plus(aRecord(taskAssigned, { incarnation: OTHER_TASK }))],
  ['epochs fence', 'two ends of one attempt', () => plus(aRecord(attemptClosed, { outcome: 'lost' }))],
  ['epochs fence', 'two successes', () => plus(aRecord(attemptClosed, { attempt: 2, epoch: 2 }))],
  ['epochs fence', 'a lease without an end', () => without(attemptClosed)],
  ['epochs fence', 'a completion that its attempt did not report', () => changed(attemptReported, { epoch: 9 })],
  [
    'epochs fence',
    'a result under another attempt',
    () =>
      changed(taskCompleted, {
        artifacts: [
          { id: 'a', kind: 'video', key: `t/acme/${TASK}/2-2/v.mp4`, mediaType: 'video/mp4', bytes: 1, sha256: 'x' },
        ],
      }),
  ],
  [
    'cancelled in time',
    'a lease long after the cancellation',
    () => {
      const cancellations = [{ tenantId: 'acme', taskId: TASK, acknowledgedAtMs: 0 }];
      const late = withRecords(aHistory({ cancellations }), taskScheduled, (record) => [
        { ...record, appendedAtMs: 180_001 },
      ]);
      return late;
    },
  ],
  ['charged once', 'no charge', () => without(taskCharged)],
  ['charged once', 'two charges', () => plus(aRecord(taskCharged, { cost: '3600000' }))],
  ['charged once', 'a charge that is not stored', () => aHistory({ charges: [] })],
  [
    'charged once',
    'a charge of another amount than the ledger’s',
    () => aHistory({ charges: [{ taskId: TASK, tenantId: 'acme', cost: 1n }] }),
  ],
  [
    'charged once',
    'a segment that was taken from its provider twice',
    () =>
      inBooks(({ entries }) => ({
        entries: [...entries, ...entries.slice(0, 1).map((entry) => ({ ...entry, entryId: 'again' }))],
      })),
  ],
  [
    'books',
    'an entry out of balance (I2)',
    () =>
      inBooks(({ entries }) => ({ entries: entries.map((entry) => ({ ...entry, lines: entry.lines.slice(0, 1) })) })),
  ],
  [
    'books',
    'more than the whole GPU in use (I3)',
    () => inBooks(({ segments }) => ({ segments: [...segments, ...segments.map((s) => ({ ...s, segmentId: 'x' }))] })),
  ],
  [
    'books',
    'an attempt without a segment (I4)',
    () =>
      inBooks(() => ({
        closures: [
          {
            ...{ taskId: TASK, tenantId: 'acme', attempt: 9, epoch: 9, costCentre: 'default', fault: 'user' },
            ...{ instanceId: 'instance-1', outcome: 'succeeded', closedAtMs: 12_960, segmentCount: 1, final: true },
            sequence: 4,
          },
        ] as unknown as History['books']['closures'],
      })),
  ],
  [
    'books',
    'an instance whose time is not accounted for (I1)',
    () =>
      inBooks(() => ({
        instances: [
          {
            ...{ instanceId: 'instance-9', pool: 'local', gpus: 1, openedMs: 0, heldUntilMs: 1_000, prices: [] },
          },
        ] as unknown as History['books']['instances'],
      })),
  ],
  ['books', 'a segment that was told of and not stored', () => aHistory({ storedSegmentIds: new Set() })],
  [
    'applied once',
    'an event that was applied twice',
    () => aHistory({ applications: [1, 2].map(() => ({ consumer: 'scheduler.requests', eventId: 'event-1' })) }),
  ],
  ['webhook delivered', 'a webhook that never came', () => aHistory({ receipts: [] })],
  ['webhook delivered', 'a webhook that was never taken', () => receipt({ taken: false })],
  ['webhook delivered', 'a webhook of no event', () => receipt({ webhookId: 'unknown' })],
  [
    'webhook delivered',
    'a webhook that tells of another end',
    () => receipt({ body: body({ task_id: TASK, status: 'failed', sequence: 4 }) }),
  ],
  ['signature valid', 'a signature that does not fit', () => receipt({ signatureValid: false })],
  ['one tenant', 'an event of another tenant', () => changed(taskStarted, { tenantId: 'globex' })],
  ['one tenant', 'a header of another tenant', () => changed(taskStarted, {}, { tenantId: 'globex' })],
  ['one tenant', 'a row of another tenant', () => aHistory({ gatewayTasks: [{ ...row, tenantId: 'globex' }] })],
  [
    'one tenant',
    'a task that another tenant saw',
    () => aHistory({ observations: [{ tenantId: 'globex', taskId: TASK, status: 'completed' }] }),
  ],
  ['one tenant', 'a webhook at another tenant', () => receipt({ tenantId: 'globex' })],
  [
    'one tenant',
    'time posted to another tenant',
    () =>
      inBooks(({ entries }) => ({
        entries: entries.map((entry) => ({
          ...entry,
          lines: entry.lines.map((line) => ({ ...line, account: line.account.replace('acme', 'globex') })),
        })),
      })),
  ],
  ['one trace', 'an event without a trace', () => changed(taskStarted, {}, { traceparent: undefined })],
  [
    'one trace',
    'an event of another trace',
    () => changed(attemptClosed, {}, { traceparent: `00-${'c'.repeat(32)}-${'b'.repeat(16)}-01` }),
  ],
  [
    'one trace',
    'a webhook of another trace',
    () => receipt({ body: body({ task_id: TASK, status: 'completed', sequence: 4, trace_id: 'c'.repeat(32) }) }),
  ],
  ['one trace', 'an answer of another trace', () => aHistory({ submissions: [{ ...submission, traceIds: ['c'] }] })],
  ['nothing left', 'a live lease', () => aHistory({ leftovers: { ...leftovers, leases: [TASK] } })],
  ['nothing left', 'an unpublished row', () => aHistory({ leftovers: { ...leftovers, outbox: { billing: 1 } } })],
  ['nothing left', 'a dead letter', () => aHistory({ leftovers: { ...leftovers, deadLetters: 1 } })],
  ['nothing left', 'a parked event', () => aHistory({ leftovers: { ...leftovers, parked: 1 } })],
];

describe('the checker', () => {
  it('has nothing against a history that keeps the promises', () => {
    expect(checkHistory(aHistory())).toEqual([]);
  });

  it.each(BROKEN)('%s: reports %s', (assertion, _what, history) => {
    expect(checkHistory(history()).map((violation) => violation.assertion)).toContain(assertion);
  });

  it('takes repeated records of one event for one (at least once)', () => {
    const history = aHistory();
    expect(checkHistory({ ...history, records: [...history.records, ...history.records] })).toEqual([]);
  });

  it('takes records in whatever order they came', () => {
    const history = aHistory();
    expect(checkHistory({ ...history, records: history.records.toReversed() })).toEqual([]);
  });

  it('asks for no webhook where nobody listens, and for no charge where nothing was leased', () => {
    expect(checkHistory(aHistory({ receipts: [], deadEndpoints: new Set([URL_OF_ACME]) }))).toEqual([]);
  });

  it('lets an end stand that was decided before the cancellation could be known', () => {
    const cancellations = [{ tenantId: 'acme', taskId: TASK, acknowledgedAtMs: 0 }];
    expect(checkHistory(aHistory({ cancellations }))).toEqual([]);
  });

  it('names the segment that was counted twice', () => {
    const found = checkHistory(BROKEN.find(([, what]) => what.includes('provider twice'))?.[2]() ?? aHistory());
    expect(found).toContainEqual(expect.objectContaining({ assertion: 'charged once', subject: SEGMENT }));
  });

  it('has a broken history for each of its assertions', () => {
    expect([...new Set(BROKEN.map(([assertion]) => assertion))].sort()).toEqual([...ASSERTIONS].sort());
  });
});
