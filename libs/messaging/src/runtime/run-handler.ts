import { AppError, messageOf } from '@millrace/kernel';
import type { ReceivedEvent } from '../ports/event.port.js';
import type { HandlerResult } from '../ports/handler-result.js';
import type { ConsumerContext } from './consumer-context.js';
import { startConsumerSpan } from './consumer-spans.js';

export type HandlerOutcome =
  | { readonly kind: 'results'; readonly results: readonly HandlerResult[] }
  /** Our side is unavailable: says nothing about the events. */
  | { readonly kind: 'unavailable'; readonly reason: string }
  /** It threw, ran past its deadline, or broke its contract. */
  | { readonly kind: 'failed'; readonly reason: string; readonly errorClass: string };

/**
 * Calls the handler once, in a span, with a deadline. Past the deadline its signal aborts and the call counts as
 * failed; what it still does afterwards is kept harmless by inbox and transaction. Never rejects.
 */
export async function runHandler(
  context: ConsumerContext,
  batch: readonly ReceivedEvent[],
  stopSignal: AbortSignal,
): Promise<HandlerOutcome> {
  const { definition, clock, tracer, observer } = context;
  const startedMs = clock.monotonicMs();
  const span = startConsumerSpan(tracer, definition.group, batch);
  const outcome = await tracer.withSpan(span, () => raceDeadline(context, batch, stopSignal));
  span.end(outcome.kind === 'results' ? undefined : { error: new Error(outcome.reason) });
  observer.batchHandled?.(definition.group, batch.length, clock.monotonicMs() - startedMs);
  return outcome;
}

async function raceDeadline(
  context: ConsumerContext,
  batch: readonly ReceivedEvent[],
  stopSignal: AbortSignal,
): Promise<HandlerOutcome> {
  const { handlerDeadlineMs } = context.limits;
  const abort = new AbortController();
  const onStop = (): void => abort.abort(stopSignal.reason);
  stopSignal.addEventListener('abort', onStop, { once: true });
  let cancel = (): void => {};
  const expired = new Promise<HandlerOutcome>((resolve) => {
    cancel = context.clock.after(handlerDeadlineMs, () => {
      const reason = `the handler took longer than ${handlerDeadlineMs} ms`;
      abort.abort(new Error(reason));
      resolve({ kind: 'failed', reason, errorClass: 'deadline_exceeded' });
    });
  });
  try {
    return await Promise.race([callHandler(context, batch, abort.signal), expired]);
  } finally {
    cancel();
    stopSignal.removeEventListener('abort', onStop);
  }
}

async function callHandler(
  { definition }: ConsumerContext,
  batch: readonly ReceivedEvent[],
  signal: AbortSignal,
): Promise<HandlerOutcome> {
  try {
    const results = await definition.handle(batch, { signal });
    if (results.length === batch.length) return { kind: 'results', results };
    const reason = `the handler of ${definition.group} returned ${results.length} results for ${batch.length} events`;
    return { kind: 'failed', reason, errorClass: 'handler_contract' };
  } catch (error) {
    return failureOf(error);
  }
}

function failureOf(error: unknown): HandlerOutcome {
  if (error instanceof AppError && error.kind === 'unavailable') return { kind: 'unavailable', reason: error.message };
  const errorClass = error instanceof AppError ? error.code : error instanceof Error ? error.name : 'unknown';
  return { kind: 'failed', reason: messageOf(error), errorClass };
}
