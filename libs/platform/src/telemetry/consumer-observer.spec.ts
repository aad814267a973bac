import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { createConsumerObserver } from './consumer-observer.js';

describe('consumer observer', () => {
  it('counts for several services in one registry', async () => {
    const registry = new Registry();
    const [one, other] = [createConsumerObserver(registry), createConsumerObserver(registry)];
    one.deadLettered?.('billing.usage', 'usage.recorded', 'event_type_unknown');
    other.deadLettered?.('gateway.view', 'task.lifecycle', 'event_schema_mismatch');
    one.batchHandled?.('billing.usage', 12, 40);
    other.parked?.('gateway.view', 'held', 3);
    const text = await registry.metrics();
    expect(text).toContain(
      'millrace_consumer_dead_letters_total{group="billing.usage",topic="usage.recorded",error_class="event_type_unknown"} 1',
    );
    expect(text).toContain('topic="task.lifecycle",error_class="event_schema_mismatch"} 1');
    expect(text).toContain('millrace_consumer_events_total{group="billing.usage"} 12');
    expect(text).toContain('millrace_consumer_parked_total{group="gateway.view",kind="held"} 3');
    expect(text).toContain('millrace_consumer_batch_seconds_count{group="billing.usage"} 1');
  });
});
