import { TOPICS, type TopicDefinition, type TopicName } from '@millrace/contracts';
import { jittered, messageOf, sleep, type DurationMs } from '@millrace/kernel';
import type { ReceivedEvent } from '../ports/event.port.js';
import type { HandlerResult } from '../ports/handler-result.js';
import type { ConsumerContext } from './consumer-context.js';
import { judgeResult, type Judgement } from './judge-result.js';
import type { LaneEntry } from './lane-entry.js';
import type { Lane, LaneTake, OwnedPartition } from './owned-partition.js';
import { runHandler, type HandlerOutcome } from './run-handler.js';
import { settleVerdicts } from './settlement.js';

/** Records of topics kept for no longer are not tried again after minutes. */
const PERISHABLE_RETENTION_MS: DurationMs = 3_600_000;

/** What the pump tells the session that owns the partitions. */
export interface LanePumpOwner {
  /** These entries are done: their offsets may move. */
  finished(lane: Lane, entries: readonly LaneEntry[]): void;
  unavailable(partition: OwnedPartition, reason: string): void;
  available(partition: OwnedPartition): void;
  load(lane: Lane): Promise<void>;
}

/**
 * Moves lanes that have work: gathers whole batches across keys for the handler, tries suspects alone in slots of
 * their own, and settles verdicts. Runs in a microtask after what woke it, so that everything that arrived together is
 * gathered together. No timer of its own.
 */
export class LanePump {
  private readonly ready = new Set<Lane>();
  private readonly running = { batch: 0, alone: 0, load: 0, settle: 0 };
  private scheduled = false;
  private readonly jobWaiters = new Set<() => void>();
  private readonly stopped = new AbortController();

  constructor(
    private readonly context: ConsumerContext,
    private readonly owner: LanePumpOwner,
  ) {}

  /** Says that a lane may have work. */
  offer(lane: Lane): void {
    this.ready.add(lane);
    if (this.scheduled) return;
    this.scheduled = true;
    queueMicrotask(() => {
      this.scheduled = false;
      this.pump();
      this.wakeWaiters();
    });
  }

  /** Nothing runs and nothing could run now. What waits for a delay or for our side to come back doesn't count. */
  isQuiet(): boolean {
    const { batch, alone, load, settle } = this.running;
    return !this.scheduled && this.ready.size === 0 && batch + alone + load + settle === 0;
  }

  /** Waits until `isQuiet` holds after some job, at most `boundMs`. Resolves with whether it holds. */
  async until(isQuiet: () => boolean, boundMs: DurationMs): Promise<boolean> {
    const expired = new AbortController();
    const expiry = new AbortController();
    void sleep(this.context.clock, boundMs, expiry.signal).then(() => expired.abort());
    while (!isQuiet() && !expired.signal.aborted) await this.jobEndOr(expired.signal);
    expiry.abort();
    return isQuiet();
  }

  /** Aborts the running handlers and starts nothing more. */
  stop(): void {
    this.stopped.abort(new Error('the consumer stops'));
    this.ready.clear();
  }

  private jobEndOr(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        this.jobWaiters.delete(finish);
        signal.removeEventListener('abort', finish);
        resolve();
      };
      this.jobWaiters.add(finish);
      signal.addEventListener('abort', finish, { once: true });
    });
  }

  private wakeWaiters(): void {
    for (const waiter of [...this.jobWaiters]) waiter();
  }

  private pump(): void {
    if (this.stopped.signal.aborted) return;
    const settling: LaneTake[] = [];
    const batch: LaneTake[] = [];
    let room = this.running.batch < this.context.limits.batchesInFlightMax ? this.context.limits.batchEventsMax : 0;
    for (const lane of this.ready) {
      const step = canRun(lane) ? lane.nextStep() : 'idle';
      if (step === 'idle') this.ready.delete(lane);
      if (step === 'load' && this.hasSlot('load', this.context.limits.parkedLoadsInFlightMax)) this.startLoad(lane);
      if (step === 'settle') settling.push(this.claim(lane, 'settle', Infinity));
      if (step === 'alone' && this.hasSlot('alone', this.context.limits.aloneInFlightMax)) {
        this.startHandler('alone', [this.claim(lane, 'alone', 1)]);
      }
      if (step === 'batch' && room > 0) {
        const take = this.claim(lane, 'batch', room);
        room -= take.entries.length;
        batch.push(take);
      }
    }
    if (settling.length > 0) this.startSettling(settling);
    if (batch.length === 0) return;
    this.startHandler('batch', batch);
    // A batch that is full leaves lanes behind, which a free slot can take at once.
    if (room === 0) this.pump();
  }

  private hasSlot(kind: 'load' | 'alone', limit: number): boolean {
    return this.running[kind] < limit;
  }

  private claim(lane: Lane, step: 'settle' | 'alone' | 'batch', limit: number): LaneTake {
    this.ready.delete(lane);
    lane.busy = true;
    return { lane, entries: lane.take(step, limit) };
  }

  private startLoad(lane: Lane): void {
    this.ready.delete(lane);
    lane.busy = true;
    this.startJob('load', [lane], () => this.owner.load(lane));
  }

  private startSettling(takes: readonly LaneTake[]): void {
    const lanes = takes.map(({ lane }) => lane);
    this.startJob('settle', lanes, async () => {
      await settleVerdicts(this.context, takes);
      // A redriven record that no dead one waits for has lost its verdict: it goes to the handler.
      for (const { lane, entries } of takes) {
        this.finish(
          lane,
          entries.filter(({ verdict }) => verdict !== undefined),
        );
      }
    });
  }

  private startHandler(kind: 'batch' | 'alone', takes: readonly LaneTake[]): void {
    const lanes = takes.map(({ lane }) => lane);
    this.startJob(kind, lanes, async () => {
      const events = takes.flatMap(({ entries }) => entries.map(eventOf));
      const outcome = await runHandler(this.context, events, this.stopped.signal);
      if (!this.stopped.signal.aborted || outcome.kind === 'results') this.apply(takes, outcome);
    });
  }

  /** Runs a job for lanes that are claimed; a job that rejects says that our side is unavailable. */
  private startJob(kind: keyof typeof this.running, lanes: readonly Lane[], job: () => Promise<void>): void {
    this.running[kind] += 1;
    const live = (): readonly Lane[] => lanes.filter((lane) => !lane.partition.dropped);
    void job()
      .catch((error: unknown) => {
        const reason = messageOf(error);
        for (const partition of partitionsOf(live())) this.owner.unavailable(partition, reason);
      })
      .finally(() => {
        this.running[kind] -= 1;
        for (const lane of lanes) lane.busy = false;
        for (const lane of live()) this.offer(lane);
        this.wakeWaiters();
      });
  }

  private apply(takes: readonly LaneTake[], outcome: HandlerOutcome): void {
    const live = takes.filter(({ lane }) => !lane.partition.dropped);
    if (outcome.kind === 'unavailable') {
      for (const partition of partitionsOf(live.map(({ lane }) => lane))) {
        this.owner.unavailable(partition, outcome.reason);
      }
      return;
    }
    const size = takes.reduce((sum, { entries }) => sum + entries.length, 0);
    if (outcome.kind === 'failed' && size > 1) return this.separate(live, outcome.reason);
    let index = 0;
    for (const take of takes) {
      const results = take.entries.map(() => resultAt(outcome, index++));
      const errorClass = outcome.kind === 'failed' ? outcome.errorClass : undefined;
      if (!take.lane.partition.dropped) this.applyToLane(take, results, errorClass);
    }
  }

  /** A batch failed as a whole: nobody knows which event did it, so each is tried by itself. */
  private separate(takes: readonly LaneTake[], reason: string): void {
    const { group } = this.context.definition;
    this.context.logger.warn('a batch failed; its events are tried one by one', { group, reason });
    for (const { entries } of takes) for (const entry of entries) entry.alone = true;
  }

  private applyToLane({ lane, entries }: LaneTake, results: readonly HandlerResult[], errorClass?: string): void {
    let behindUnfinished = false;
    let unavailable: string | undefined;
    const finished: LaneEntry[] = [];
    entries.forEach((entry, index) => {
      const result = results[index];
      if (result === undefined) return;
      const judgement = judgeResult(result, {
        ...this.context.limits,
        ...(isPerishable(lane.partition.topic) ? { delayedRetryDelaysMs: [] } : {}),
        failedTries: entry.failedTries,
        behindUnfinished,
        ...(errorClass === undefined ? {} : { errorClass }),
      });
      if (judgement.kind === 'unavailable') unavailable ??= judgement.reason;
      if (judgement.kind === 'again' || judgement.kind === 'unavailable') behindUnfinished = true;
      if (this.applyToEntry(lane, entry, judgement)) finished.push(entry);
    });
    this.finish(lane, finished);
    if (unavailable === undefined) this.owner.available(lane.partition);
    else this.owner.unavailable(lane.partition, unavailable);
  }

  /** Returns whether the entry is done. */
  private applyToEntry(lane: Lane, entry: LaneEntry, judgement: Judgement): boolean {
    if (judgement.kind === 'again') {
      entry.failedTries += 1;
      entry.alone = true;
      this.delay(lane, judgement.delayMs);
    }
    if (judgement.kind === 'settle') {
      if (judgement.verdict.kind === 'dead' || judgement.verdict.kind === 'delay') entry.failedTries += 1;
      entry.verdict = judgement.verdict;
    }
    if (judgement.kind !== 'applied') return false;
    lane.applied = true;
    // The stored copy of an applied event has to go before the event is done.
    if (lane.stored.has(entry.record.offset)) entry.verdict = { kind: 'applied' };
    return entry.verdict === undefined;
  }

  private delay(lane: Lane, delayMs: DurationMs): void {
    lane.cancelWait?.();
    const waitMs = jittered(delayMs, this.context.limits.retryJitter, this.context.rng);
    lane.cancelWait = this.context.clock.after(waitMs, () => {
      lane.cancelWait = undefined;
      this.offer(lane);
    });
  }

  private finish(lane: Lane, entries: readonly LaneEntry[]): void {
    if (entries.length === 0 || lane.partition.dropped) return;
    for (const entry of entries) entry.finished = true;
    lane.removeFinished();
    this.owner.finished(lane, entries);
  }
}

/** After the delays nobody wants a heartbeat or a command any more, and they would hold up the newer ones. */
function isPerishable(topic: string): boolean {
  const definition: TopicDefinition | undefined = TOPICS[topic as TopicName];
  return definition !== undefined && definition.retentionMs <= PERISHABLE_RETENTION_MS;
}

function canRun(lane: Lane): boolean {
  return !lane.busy && lane.cancelWait === undefined && lane.partition.flows();
}

function partitionsOf(lanes: readonly Lane[]): ReadonlySet<OwnedPartition> {
  return new Set(lanes.map((lane) => lane.partition));
}

function eventOf(entry: LaneEntry): ReceivedEvent {
  if (entry.event === undefined) throw new Error('invariant broken: a record that can not be read reached the handler');
  return entry.event;
}

function resultAt(outcome: HandlerOutcome & { kind: 'results' | 'failed' }, index: number): HandlerResult {
  if (outcome.kind === 'failed') return { kind: 'retry', reason: outcome.reason };
  const result = outcome.results[index];
  if (result === undefined) throw new Error('invariant broken: the handler gave a result for every event');
  return result;
}
