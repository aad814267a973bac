import { checkHistory, readHistory, type Submission, type Violation, type WebhookReceipt } from '@millrace/checker';
import { eventually, type WebhookReceiver } from '@millrace/test-kit';
import { Webhook } from 'standardwebhooks';
import type { ApiClient } from '../api-client.js';
import type { FaultTarget } from './fault-target.js';
import { signatureHolds } from './judge-tasks.js';
import type { AcceptedTask } from './submit-tasks.js';

const TENANT = 'default';
const REST_MS = 60_000;
const POLL_MS = 2_000;
const SHOWN_MAX = 10;

export interface CheckedRun {
  readonly accepted: readonly AcceptedTask[];
  /** Undefined: tasks had no callbacks. */
  readonly receiver?: WebhookReceiver;
}

/**
 * Reads topics and tables of a system that comes to rest and asserts all of guarantees.md section 6 with the checker.
 * Outboxes and leases empty themselves a little after the last answer: so it looks again until all is well, and throws
 * with the violations that stay.
 */
export async function checkTarget(target: FaultTarget, api: ApiClient, run: CheckedRun): Promise<void> {
  const { secret } = (await api.call('GET', '/api/v1/webhooks/secret')).body as { secret: string };
  const verifier = new Webhook(secret);
  await eventually(
    async () => {
      const history = await readHistory({
        ...target.storage(),
        clients: {
          submissions: run.accepted.map(toSubmission),
          cancellations: [],
          observations: [],
          receipts: receiptsOf(run.receiver, verifier),
          deadEndpoints: new Set(),
        },
      });
      const violations = checkHistory(history);
      if (violations.length > 0) throw new Error(describeViolations(violations));
    },
    { timeoutMs: REST_MS, intervalMs: POLL_MS },
  );
}

function toSubmission({ key, id }: AcceptedTask): Submission {
  return { tenantId: TENANT, idempotencyKey: key, acceptedIds: [id] };
}

function receiptsOf(receiver: WebhookReceiver | undefined, verifier: Webhook): readonly WebhookReceipt[] {
  return (receiver?.received ?? []).map(({ path, headers, body }) => ({
    tenantId: TENANT,
    url: `${receiver?.url}${path}`,
    webhookId: headers['webhook-id'] ?? '',
    body,
    signatureValid: signatureHolds(verifier, body, headers),
    taken: true,
  }));
}

function describeViolations(violations: readonly Violation[]): string {
  const lines = violations
    .slice(0, SHOWN_MAX)
    .map(({ assertion, subject, detail }) => `${assertion}: ${subject}: ${detail}`);
  return [`${violations.length} promises broken`, ...lines].join('\n');
}
