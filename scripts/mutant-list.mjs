// Ways to break Millrace, each with the test that must fail then: `npm run mutants` (scripts/mutants.mjs).
//   find       stands in the file exactly once; when the code moves, the mutant moves with it
//   pattern    of jest's -t; without one the whole file counts
//   slow       the test starts real processes and takes minutes: only with --slow

const unit = (path, pattern) => test('unit', path, pattern);
const integration = (path, pattern) => test('integration', path, pattern);
/** A fault suite, in the way to run where it takes the shortest; sized by the variables of e2e/src/faults/fault-plan.ts. */
const faults = (suite, pattern, variables = {}) => ({
  ...test('faults', `e2e/src/faults/${suite}.e2e.spec.ts`, pattern),
  variables: { FAULTS_MODE: 'standalone', ...variables },
});

function test(project, path, pattern) {
  return { project, path, ...(pattern === undefined ? {} : { pattern }) };
}

const ACCEPT = 'libs/intake/src/engine/accept-tasks.ts';
const OUTBOX = 'libs/messaging/src/outbox/outbox-dispatcher.ts';
const SESSION = 'libs/messaging/src/runtime/consumer-session.ts';
const PUMP = 'libs/messaging/src/runtime/lane-pump.ts';
const TRANSITION = 'libs/scheduling/src/domain/transition.ts';
const SEND = 'libs/notifications/src/engine/send-deliveries.ts';
const SENDER = 'libs/adapters/webhook-http/src/webhook-sender.http.ts';
const TENANTS = 'apps/standalone/src/tenants.integration.spec.ts';
const INBOX = 'libs/adapters/postgres/src/inbox/inbox.postgres.ts';

const NO_FENCING = [
  {
    file: 'libs/scheduling/src/domain/judge-report.ts',
    find: 'task?.attempts.find((known) => known.epoch === report.epoch)',
    replace: 'task?.attempts.at(-1)',
  },
  {
    file: 'libs/scheduling/src/domain/judge-report.ts',
    find: "if (attempt === undefined || attempt.incarnation !== report.incarnation) return 'refused';",
    replace: "if (attempt === undefined) return 'refused';",
  },
];
const SLOW_LEASES = [
  {
    file: 'libs/scheduling/src/engine/lease-watch.ts',
    find: 'heardMs + this.times.leaseMs <= nowMs',
    replace: 'heardMs + 3 * this.times.leaseMs <= nowMs',
  },
  {
    file: 'libs/scheduling/src/engine/lease-watch.ts',
    find: '.filter(([, lease]) => lease.dueMs <= nowMs)',
    replace: '.filter(([, lease]) => lease.dueMs + 2 * this.times.leaseMs <= nowMs)',
  },
];
const NO_ROW_SECURITY = {
  file: 'libs/adapters/postgres/src/intake/migrations/intake-tables.ts',
  find: "const OWN_ROWS = `tenant_id = current_setting('app.tenant_id', true)`;",
  replace: "const OWN_ROWS = 'true';",
};
const NO_RELAY = [
  {
    file: OUTBOX,
    find: 'if (oldestMs >= this.limits.leftBehindMs) await this.options.store.exclusively(() => this.relayAll());',
    replace: 'if (oldestMs < 0) await this.options.store.exclusively(() => this.relayAll());',
  },
];
const REDIRECT_FOLLOWED = [
  {
    file: SENDER,
    find: "import { request, type Dispatcher } from 'undici';",
    replace: "import { interceptors, request, type Dispatcher } from 'undici';",
  },
  {
    file: SENDER,
    find: 'dispatcher: context.agent,',
    replace: 'dispatcher: context.agent.compose(interceptors.redirect({ maxRedirections: 3 })),',
  },
];

export const MUTANTS = [
  // P1: an accepted task is never lost, and ends once.
  {
    name: 'a task is accepted without its event',
    promises: ['P1'],
    edits: [
      { file: ACCEPT, find: 'await scope.outbox.add(made.map((request) => this.toEvent(request)));', replace: '' },
    ],
    test: unit('libs/intake/src/engine/accept-tasks.spec.ts'),
  },
  {
    name: 'commit before effect: an offset moves when a record has come',
    promises: ['P1', 'P3'],
    edits: [
      {
        file: SESSION,
        find: 'this.count([entry], 1);\n      this.pump.offer(lane);',
        replace:
          'this.count([entry], 1);\n      if (entry.slot !== undefined && partition.watermark.complete(entry.slot)) this.committer.note(partition);\n      this.pump.offer(lane);',
      },
    ],
    test: unit('libs/messaging/src/runtime/consumer-runtime.property.spec.ts'),
  },
  {
    name: 'a task that has ended moves on',
    promises: ['P1'],
    edits: [
      {
        file: TRANSITION,
        find: 'rule.from === task.state &&',
        replace: '(rule.from === task.state || isTerminal(task)) &&',
      },
    ],
    test: unit('libs/scheduling/src/domain/transition.property.spec.ts', 'P1'),
  },
  {
    name: 'no outbox relay: what a crash left behind stays there',
    promises: ['P1'],
    edits: NO_RELAY,
    test: integration('tools/simulation/src/simulate.integration.spec.ts', 'the promises hold'),
  },
  {
    name: 'no outbox relay, while services are killed',
    promises: ['P1'],
    slow: true,
    edits: NO_RELAY,
    test: faults('kills', 'P1', { FAULTS_TASKS: '200', FAULTS_KILLS: '6' }),
  },
  // P2: the same idempotency key, the same task.
  {
    name: 'a repeated key is a new task',
    promises: ['P2'],
    edits: [
      {
        file: ACCEPT,
        find: 'if (claim === undefined || holder === undefined || holder.taskId === request.id) {',
        replace: 'if (claim === undefined || holder !== claim || holder.taskId === request.id) {',
      },
    ],
    test: unit('libs/intake/src/engine/accept-tasks.spec.ts', 'P2'),
  },
  {
    name: 'another body under the same key is the same task',
    promises: ['P2'],
    edits: [
      {
        file: ACCEPT,
        find: "if (holder.bodyHash !== claim.bodyHash) return { kind: 'refused', error: keyReused() };",
        replace: '',
      },
    ],
    test: unit('libs/intake/src/engine/accept-tasks.spec.ts', 'P2'),
  },
  {
    name: 'the key is not remembered, and the gateway is killed',
    promises: ['P2'],
    slow: true,
    edits: [
      {
        file: ACCEPT,
        find: 'const earlier = claims.length === 0 ? [] : await scope.idempotency.claim(claims);',
        replace: 'const earlier = claims.length < 0 ? await scope.idempotency.claim(claims) : [];',
      },
    ],
    test: faults('same-key', 'P2'),
  },
  // P3: each event applied once.
  {
    name: 'no inbox: every redelivery is new',
    promises: ['P3'],
    edits: [
      { file: INBOX, find: 'return events.filter(({ id }) => fresh.delete(id));', replace: 'return [...events];' },
    ],
    test: integration('libs/adapters/postgres/src/unit-of-work/unit-of-work.integration.spec.ts'),
  },
  {
    name: 'an outbox row is marked as published before it is',
    promises: ['P3'],
    edits: [
      {
        file: OUTBOX,
        find: 'await this.options.bus.publish(batches.flatMap(({ records }) => records));\n    await this.options.store.markPublished(batches.map(({ id }) => id));',
        replace:
          'await this.options.store.markPublished(batches.map(({ id }) => id));\n    await this.options.bus.publish(batches.flatMap(({ records }) => records));',
      },
    ],
    test: unit('libs/messaging/src/outbox/outbox-dispatcher.spec.ts'),
  },
  {
    name: 'no inbox, and a webhook id that is made when the event comes',
    promises: ['P3'],
    slow: true,
    edits: [
      { file: INBOX, find: 'return events.filter(({ id }) => fresh.delete(id));', replace: 'return [...events];' },
      {
        file: 'libs/notifications/src/engine/plan-deliveries.ts',
        find: 'eventId: event.id,',
        replace: 'eventId: this.ids.next(),',
      },
    ],
    test: faults('duplicates', 'P3', { FAULTS_MODE: 'distributed', FAULTS_TASKS: '100' }),
  },
  // P4: in sequence.
  {
    name: 'a change that comes early is applied at once',
    promises: ['P4'],
    edits: [
      {
        file: 'libs/intake/src/domain/task-view.ts',
        find: "if (change.sequence > view.sequence + 1) return { kind: 'early', wanted: view.sequence + 1 };",
        replace: '',
      },
    ],
    test: unit('libs/intake/src/domain/task-view.spec.ts', 'P4'),
  },
  {
    name: 'what is held never comes back',
    promises: ['P4'],
    edits: [{ file: PUMP, find: 'lane.applied = true;', replace: '' }],
    test: unit('libs/messaging/src/runtime/parked-events.spec.ts', 'P4'),
  },
  // P5: no outbox row is missed.
  {
    name: 'the relay takes rows with a number greater than its last only',
    promises: ['P5'],
    edits: [
      {
        file: 'libs/adapters/postgres/src/outbox/outbox-store.postgres.ts',
        find: 'export class PostgresOutboxStore implements OutboxStore {',
        replace: 'export class PostgresOutboxStore implements OutboxStore {\n  private last = 0n;',
      },
      {
        file: 'libs/adapters/postgres/src/outbox/outbox-store.postgres.ts',
        find: 'return rows.map(({ id, records }) => ({ id, records: decodeRecords(records) }));',
        replace:
          'const later = rows.filter(({ id }) => BigInt(id) > this.last);\n    this.last = BigInt(later.at(-1)?.id ?? this.last);\n    return later.map(({ id, records }) => ({ id, records: decodeRecords(records) }));',
      },
    ],
    test: integration('libs/adapters/postgres/src/outbox/outbox-concurrency.integration.spec.ts'),
  },
  // P6: a poison event blocks nobody else.
  {
    name: 'a record that fails counts as a fault of ours: its partition waits for ever',
    promises: ['P6'],
    edits: [
      {
        file: 'libs/messaging/src/runtime/judge-result.ts',
        find: "return circumstances.behindUnfinished ? { kind: 'behind' } : judgeRetry(result, circumstances);",
        replace:
          "return result.afterMs === -1 ? judgeRetry(result, circumstances) : { kind: 'unavailable', reason: result.reason };",
      },
    ],
    test: unit('libs/messaging/src/runtime/poison-delay.spec.ts', 'P6'),
  },
  {
    name: 'a batch that failed is tried again as a whole',
    promises: ['P6'],
    edits: [
      {
        file: PUMP,
        find: 'for (const { entries } of takes) for (const entry of entries) entry.alone = true;',
        replace: 'for (const { lane } of takes) this.owner.unavailable(lane.partition, reason);',
      },
    ],
    test: unit('libs/messaging/src/runtime/poison-delay.spec.ts', 'P6'),
  },
  // P7: two workers never both complete a task.
  {
    name: 'no fencing: a report of whatever epoch counts',
    promises: ['P7'],
    edits: NO_FENCING,
    test: unit('libs/scheduling/src/engine/task-flow.spec.ts', 'P7'),
  },
  {
    name: 'a stale epoch is billed like the live one',
    promises: ['P7'],
    edits: [{ file: 'libs/billing/src/domain/evaluate-segment.ts', find: 'epoch === work.epoch &&', replace: '' }],
    test: unit('libs/billing/src/engine/billing.spec.ts', 'P7'),
  },
  {
    name: 'no fencing, with a worker that is stopped past its lease',
    promises: ['P7'],
    slow: true,
    edits: NO_FENCING,
    test: faults('workers', 'P7', { FAULTS_MODE: 'distributed' }),
  },
  // P8: a dead worker is found in time.
  {
    name: 'a silent worker keeps its leases for three times as long',
    promises: ['P8'],
    edits: SLOW_LEASES,
    test: unit('libs/scheduling/src/engine/leases.spec.ts', 'P8'),
  },
  {
    name: 'a killed worker keeps its leases for three times as long',
    promises: ['P8'],
    slow: true,
    edits: SLOW_LEASES,
    test: faults('workers', 'P8', { FAULTS_MODE: 'distributed' }),
  },
  // P9: handed back, resumed, not charged.
  {
    name: 'the next attempt starts at step 0',
    promises: ['P9'],
    edits: [
      {
        file: TRANSITION,
        find: 'checkpoint: reportOf(command)?.checkpoint ?? task.checkpoint,',
        replace: 'checkpoint: task.checkpoint,',
      },
    ],
    test: unit('libs/scheduling/src/engine/task-flow.spec.ts', 'P9'),
  },
  {
    name: 'the tenant pays for preempted time',
    promises: ['P9'],
    edits: [
      {
        file: 'libs/billing/src/domain/attribution-rules.ts',
        find: "preempted: { user: 'loss:preemption', platform: 'loss:preemption' },",
        replace: "preempted: { user: 'tenant', platform: 'tenant' },",
      },
    ],
    test: unit('libs/billing/src/engine/billing.spec.ts'),
  },
  // P10: GPU time and ledger balance.
  {
    name: 'the provider is not credited with what is rated',
    promises: ['P10'],
    edits: [
      {
        file: 'libs/billing/src/domain/evaluate-segment.ts',
        find: '{ account: account.provider(book.pool), amount: -total.amount, gpuMs: -total.gpuMs },',
        replace: '',
      },
    ],
    test: unit('libs/billing/src/testing/check-histories.spec.ts'),
  },
  // P11: replayed usage never changes the bill.
  {
    name: 'what the ledger says already is forgotten',
    promises: ['P11'],
    edits: [
      {
        file: 'libs/billing/src/engine/settle-books.ts',
        find: 'before.get(segmentId)?.settle ?? NOT_POSTED',
        replace: 'NOT_POSTED',
      },
    ],
    test: unit('libs/billing/src/testing/check-histories.spec.ts'),
  },
  {
    name: 'a task that is settled again is charged again',
    promises: ['P11'],
    edits: [
      {
        file: 'libs/billing/src/engine/settle-books.ts',
        find: 'const fresh = due.filter(({ taskId }) => inserted.has(taskId));',
        replace: 'const fresh = inserted.size < 0 ? [] : due;',
      },
      {
        file: 'libs/billing/src/engine/settle-books.ts',
        find: '.filter((taskId) => !charged.has(taskId))',
        replace: '.filter((taskId) => !charged.has(`${taskId} never`))',
      },
    ],
    test: integration('apps/billing/src/billing.integration.spec.ts', 'P11'),
  },
  // P13: never over-billed.
  {
    name: 'the tenant pays for time after the end of the attempt',
    promises: ['P13'],
    edits: [
      {
        file: 'libs/billing/src/domain/evaluate-segment.ts',
        find: 'const borne = closure === undefined ? total : totalOf(rateSegment(segment, book, closure.closedAtMs));',
        replace: 'const borne = total;',
      },
    ],
    test: unit('libs/billing/src/engine/billing.spec.ts', 'P13'),
  },
  {
    name: 'segments of a minute: a lost attempt is under-billed by more than 10 s',
    promises: ['P13'],
    edits: [
      {
        file: 'libs/execution/src/domain/gpu-track.ts',
        find: 'export const SEGMENT_MAX_MS = 10_000;',
        replace: 'export const SEGMENT_MAX_MS = 60_000;',
      },
    ],
    test: unit('libs/execution/src/domain/gpu-track.spec.ts'),
  },
  // P14: delivered at least once.
  {
    name: 'a delivery is recorded before it is sent',
    promises: ['P14'],
    edits: [
      {
        file: SEND,
        find: 'const outcome = await this.send(delivery, span.traceparent);',
        replace:
          'await unitOfWork.run(({ deliveries }) =>\n      deliveries.recordTries([\n        {\n          delivery: { ...delivery, state: "delivered", nextTryAt: null },\n          logged: { deliveryId: delivery.id, number: delivery.tries + 1, at: sentAt, outcome: { statusCode: 200, latencyMs: 0, error: null } },\n        },\n      ]),\n    );\n    const outcome = await this.send(delivery, span.traceparent);',
      },
    ],
    test: unit('libs/notifications/src/engine/notifications.spec.ts', 'P14'),
  },
  {
    name: 'a webhook is given up after nine tries',
    promises: ['P14'],
    edits: [
      {
        file: 'libs/notifications/src/domain/retry-schedule.ts',
        find: '  24 * HOUR_MS,\n];',
        replace: '];',
      },
    ],
    test: unit('libs/notifications/src/domain/retry-schedule.spec.ts'),
  },
  // P15: verifies with the stock library, also while secrets rotate.
  {
    name: 'only the new secret signs while they rotate',
    promises: ['P15'],
    edits: [
      {
        file: 'libs/notifications/src/engine/read-secrets.ts',
        find: '? [current, previous.secret] : [current]',
        replace: '? [current] : [current]',
      },
    ],
    test: unit('libs/notifications/src/engine/notifications.spec.ts', 'P15'),
  },
  {
    name: 'the signature is of another time than the header',
    promises: ['P15'],
    edits: [
      {
        file: SENDER,
        find: 'const sentAt = new Date(webhook.sentAt);',
        replace: 'const sentAt = new Date(webhook.sentAt + 1_000);',
      },
    ],
    test: unit('libs/adapters/webhook-http/src/webhook-sender.http.spec.ts', 'P15'),
  },
  // P16: a slow endpoint delays nobody else.
  {
    name: 'one try after the other',
    promises: ['P16'],
    edits: [
      {
        file: 'libs/notifications/src/engine/delivery-loop.ts',
        find: 'for (const delivery of taken) this.track(this.sending.deliver(delivery));',
        replace: 'for (const delivery of taken) await this.sending.deliver(delivery);',
      },
    ],
    test: unit('libs/notifications/src/engine/slow-endpoints.spec.ts'),
  },
  {
    name: 'no limit for one endpoint: those that hang take all slots',
    promises: ['P16'],
    edits: [{ file: SEND, find: 'const PER_ENDPOINT_LIMIT = 10;', replace: 'const PER_ENDPOINT_LIMIT = 1_000;' }],
    test: unit('libs/notifications/src/engine/slow-endpoints.spec.ts'),
  },
  // P17: no byte to a non-public address.
  {
    name: 'a redirect is followed',
    promises: ['P17'],
    edits: REDIRECT_FOLLOWED,
    test: unit('libs/adapters/webhook-http/src/webhook-sender.http.spec.ts'),
  },
  {
    name: 'names are not checked for what they resolve to',
    promises: ['P17'],
    edits: [
      {
        file: 'libs/adapters/webhook-http/src/vetted-agent.ts',
        find: '.find((verdict) => !verdict.allowed);',
        replace: '.find(() => false);',
      },
      {
        file: 'libs/adapters/webhook-http/src/vetted-agent.ts',
        find: 'if (verdict.allowed) return callback(null, socket);',
        replace: 'if (verdict.allowed || !socket.destroyed) return callback(null, socket);',
      },
    ],
    test: unit('libs/adapters/webhook-http/src/webhook-sender.http.spec.ts', 'P17'),
  },
  {
    name: 'the metadata service of a cloud may be called',
    promises: ['P17'],
    edits: [{ file: 'libs/notifications/src/domain/outbound-address.ts', find: "  '169.254.0.0/16',\n", replace: '' }],
    test: unit('libs/notifications/src/domain/outbound-address.spec.ts', 'P17'),
  },
  {
    name: 'a redirect is followed, to a canary',
    promises: ['P17'],
    slow: true,
    edits: REDIRECT_FOLLOWED,
    test: faults('hostile-endpoints', 'P17'),
  },
  // P18: no row of another tenant.
  {
    name: 'no row-level security in the gateway schema',
    promises: ['P18'],
    edits: [NO_ROW_SECURITY],
    test: integration('libs/adapters/postgres/src/intake/intake.integration.spec.ts', 'P18'),
  },
  {
    name: 'a task is found by its id alone',
    promises: ['P18'],
    edits: [
      NO_ROW_SECURITY,
      {
        file: 'libs/adapters/postgres/src/intake/task-reader.postgres.ts',
        find: 'WHERE tenant_id = $1 AND id = $2`;',
        replace: "WHERE $1 <> '' AND id = $2`;",
      },
    ],
    test: integration('apps/gateway/src/door.integration.spec.ts', 'P18'),
  },
  {
    name: 'a task is cancelled by its id alone',
    promises: ['P18'],
    edits: [
      NO_ROW_SECURITY,
      {
        file: 'libs/adapters/postgres/src/intake/tenant-tasks.postgres.ts',
        find: 'WHERE tenant_id = $1 AND id = ANY($2::uuid[]) ORDER BY id FOR UPDATE`;',
        replace: "WHERE $1 <> '' AND id = ANY($2::uuid[]) ORDER BY id FOR UPDATE`;",
      },
    ],
    test: integration(TENANTS),
  },
  {
    name: 'the delivery log is read without its tenant, past row-level security',
    promises: ['P18'],
    edits: [
      {
        file: 'libs/adapters/postgres/src/notifications/delivery-store.postgres.ts',
        find: 'WHERE tenant_id = $1 AND ($2::uuid IS NULL OR task_id = $2)',
        replace: "WHERE $1 <> '' AND ($2::uuid IS NULL OR task_id = $2)",
      },
      {
        file: 'apps/notifier/src/start-notifier.ts',
        find: 'asTenant(database.request, tenantId, (client) => new PostgresDeliveryStore(client).list(tenantId, page)),',
        replace: 'new PostgresDeliveryStore(database.system).list(tenantId, page),',
      },
    ],
    test: integration(TENANTS),
  },
  // P19: one trace id.
  {
    name: 'the events of the scheduler have no trace',
    promises: ['P19'],
    edits: [
      {
        file: 'libs/scheduling/src/engine/task-messages.ts',
        find: '...(task.traceparent === null ? {} : { traceparent: task.traceparent }),',
        replace: '',
      },
    ],
    test: unit('libs/scheduling/src/engine/task-flow.spec.ts', 'P19'),
  },
  {
    name: 'the events of the scheduler have no trace, under faults',
    promises: ['P19'],
    edits: [
      {
        file: 'libs/scheduling/src/engine/task-messages.ts',
        find: '...(task.traceparent === null ? {} : { traceparent: task.traceparent }),',
        replace: '',
      },
    ],
    test: integration('tools/simulation/src/simulate.integration.spec.ts', 'the promises hold'),
  },
  {
    name: 'a webhook starts a trace of its own',
    promises: ['P19'],
    edits: [
      {
        file: 'libs/notifications/src/engine/plan-deliveries.ts',
        find: 'traceparent: event.traceparent,',
        replace: 'traceparent: undefined,',
      },
    ],
    test: unit('libs/notifications/src/engine/notifications.spec.ts', 'NTF-01'),
  },
  // P20: a restart fails no task.
  {
    name: 'a service that stops does not wait for what it has in hand',
    promises: ['P20'],
    edits: [
      {
        file: SESSION,
        find: 'const quiet = await this.pump.until(() => this.pump.isQuiet(), drainMs);',
        replace: 'const quiet = drainMs < 0 || this.pump.isQuiet();',
      },
    ],
    test: unit('libs/messaging/src/runtime/consumer-life.spec.ts', 'P20'),
  },
  {
    name: 'a task whose worker is stopped fails',
    promises: ['P20', 'P9'],
    slow: true,
    edits: [
      {
        file: 'libs/scheduling/src/domain/task-transitions.ts',
        find: "on: 'preempted',\n    to: 'queued',\n    attempt: 'preempted',\n    emits: 'requeued',\n    requeuedAs: 'preempted',",
        replace: "on: 'preempted',\n    to: 'failed',\n    attempt: 'preempted',\n    emits: 'failed',",
      },
    ],
    test: faults('rolling-restart', 'P20'),
  },
  // P21: back-pressure.
  {
    name: 'the gateway accepts however old the outbox is',
    promises: ['P21'],
    edits: [
      {
        file: ACCEPT,
        find: "if (backlog.oldestUnpublishedMs() > limits.publishAgeMs) throw tooFarBehind('Accepted tasks wait to be handed on');",
        replace: 'backlog.oldestUnpublishedMs();',
      },
    ],
    test: integration('apps/gateway/src/back-pressure.integration.spec.ts'),
  },
  {
    name: 'the gateway accepts however far the scheduler is behind',
    promises: ['P21'],
    edits: [
      {
        file: ACCEPT,
        find: "if (dispatch.dispatchLagMs() > limits.dispatchLagMs) throw tooFarBehind('The scheduler is behind');",
        replace: 'dispatch.dispatchLagMs();',
      },
    ],
    test: unit('libs/intake/src/engine/accept-tasks.spec.ts'),
  },
  {
    name: 'no outbox relay, and the broker goes away',
    promises: ['P21'],
    slow: true,
    edits: NO_RELAY,
    test: faults('broker', 'P21: stopped', { FAULTS_MODE: 'distributed' }),
  },
  // P22: a restart of Postgres.
  {
    name: 'a write is acknowledged before it is committed',
    promises: ['P22'],
    edits: [
      {
        file: 'libs/adapters/postgres/src/unit-of-work/unit-of-work.postgres.ts',
        find: '    await commit(client);',
        replace: '    void commit(client).catch(() => {});',
      },
    ],
    test: integration('libs/adapters/postgres/src/unit-of-work/unit-of-work.integration.spec.ts'),
  },
  {
    name: 'the embedded database stays away when it was killed',
    promises: ['P22'],
    edits: [
      {
        file: 'libs/adapters/postgres/src/server/kept-postgres.ts',
        find: '  void keeper.keep();',
        replace: '',
      },
    ],
    test: integration('libs/adapters/postgres/src/server/kept-postgres.integration.spec.ts'),
  },
  {
    name: 'a commit is answered before it is on disk',
    promises: ['P22'],
    slow: true,
    edits: [
      {
        file: 'libs/adapters/postgres/src/pool/create-pool.ts',
        find: 'if (options.synchronousCommit === false)',
        replace: 'if (options.synchronousCommit !== true)',
      },
    ],
    test: faults('database', 'P22: kill -9 of Postgres', { FAULTS_KILLS: '3' }),
  },
];
