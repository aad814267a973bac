import type { Books } from '@millrace/billing';
import type { ReceivedEvent } from '@millrace/messaging/ports';

/** A task that a client asked for, with every answer it got, repeated requests included. */
export interface Submission {
  readonly tenantId: string;
  readonly idempotencyKey?: string;
  /** Task id of each 202 answer, in order. Empty: no answer accepted it, and it may exist or not. */
  readonly acceptedIds: readonly string[];
  /** Trace ids of those answers, where the client saw them. */
  readonly traceIds?: readonly string[];
}

/** A cancellation that was answered with 202. */
export interface Cancellation {
  readonly tenantId: string;
  readonly taskId: string;
  /** On the clock of the bus, so that it compares with `appendedAtMs`. */
  readonly acknowledgedAtMs: number;
}

/** One answer to a status request, in the order in which clients saw them. */
export interface Observation {
  /** Whose key asked. */
  readonly tenantId: string;
  readonly taskId: string;
  readonly status: string | 'not_found';
}

/** One record of a topic. The same event may be there several times. */
export interface RecordedEvent extends ReceivedEvent {
  readonly appendedAtMs: number;
}

/** A row of the scheduler's or the gateway's tasks. */
export interface TaskRow {
  readonly taskId: string;
  readonly tenantId: string;
  readonly state: string;
  readonly sequence: number;
}

export interface ChargeRow {
  readonly taskId: string;
  readonly tenantId: string;
  /** Nano-dollars. */
  readonly cost: bigint;
}

/** A webhook as its receiver took it, whatever it answered. */
export interface WebhookReceipt {
  /** Owner of the endpoint. */
  readonly tenantId: string;
  readonly url: string;
  readonly webhookId: string;
  readonly body: string;
  /** By the receiver's own check with the tenant's secret. */
  readonly signatureValid: boolean;
  /** Whether the receiver answered with 2xx. */
  readonly taken: boolean;
}

/** An event that a consumer applied, as its inbox took it. */
export interface Application {
  readonly consumer: string;
  readonly eventId: string;
}

/** What is left when a run has come to rest. */
export interface Leftovers {
  /** Live leases, by task id. */
  readonly leases: readonly string[];
  /** Unpublished outbox rows, by service. */
  readonly outbox: Readonly<Record<string, number>>;
  /** Records in dead-letter topics. */
  readonly deadLetters: number;
  /** Events that a consumer set aside and did not apply. */
  readonly parked: number;
}

/**
 * Everything that a run left behind, as plain data: what clients submitted and observed, topics, tables, deliveries.
 * Read it when the run has come to rest: nothing is asserted of tasks on their way but that there are none.
 */
export interface History {
  readonly submissions: readonly Submission[];
  readonly cancellations: readonly Cancellation[];
  readonly observations: readonly Observation[];
  /** Records of all topics, dead-letter topics left out, in order of appending within a partition. */
  readonly records: readonly RecordedEvent[];
  readonly schedulerTasks: readonly TaskRow[];
  readonly gatewayTasks: readonly TaskRow[];
  readonly books: Books;
  /** Ids of all segments that billing stored, set aside or not. */
  readonly storedSegmentIds: ReadonlySet<string>;
  readonly charges: readonly ChargeRow[];
  readonly receipts: readonly WebhookReceipt[];
  /** Endpoints that never take anything: what is meant for them need not arrive. */
  readonly deadEndpoints: ReadonlySet<string>;
  readonly leftovers: Leftovers;
  /** Where it could be watched: each event that a consumer applied, each time. */
  readonly applications?: readonly Application[];
}
