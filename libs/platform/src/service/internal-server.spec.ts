import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { VirtualClock } from '@millrace/kernel';
import { Gauge, Registry } from 'prom-client';
import type { EventTransport } from '../events/event-transport.js';
import { HealthRegistry } from '../health/health-registry.js';
import { observeConsumers } from '../telemetry/consumer-metrics.js';
import { startInternalServer } from './internal-server.js';

const closers: (() => void)[] = [];
afterEach(() => closers.splice(0).forEach((close) => close()));

async function started(metrics: Registry): Promise<string> {
  const server = await startInternalServer({
    host: '127.0.0.1',
    port: 0,
    metrics,
    health: new HealthRegistry(new VirtualClock()),
  });
  closers.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("the operator's port", () => {
  it('answers 503 where a metric can not be told, and goes on', async () => {
    const metrics = new Registry();
    const collect = (): Promise<void> => Promise.reject(new Error('the database is away'));
    new Gauge({ name: 'broken', help: 'x', registers: [metrics], collect });
    const url = await started(metrics);
    const answer = await fetch(`${url}/metrics`);
    expect([answer.status, await answer.text()]).toEqual([503, 'the database is away\n']);
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
  });

  it('tells the other metrics while the lag of a consumer is unknown (P21, P22)', async () => {
    const metrics = new Registry();
    const consumer = { lag: () => Promise.reject(new Error('the bus is away')) };
    observeConsumers(
      { consumers: () => new Map([['gateway.lifecycle', consumer]]) } as unknown as EventTransport,
      metrics,
    );
    new Gauge({ name: 'other', help: 'x', registers: [metrics] }).set(1);
    const answer = await fetch(`${await started(metrics)}/metrics`);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toMatch(
      /millrace_consumer_lag_records\{group="gateway.lifecycle"\} Nan[\s\S]*other 1/i,
    );
  });
});
