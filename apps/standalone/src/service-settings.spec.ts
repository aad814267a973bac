import { describe, expect, it } from '@jest/globals';
import { readServiceSettings } from './service-settings.js';

describe('settings of the services in the standalone app', () => {
  it("are a laptop's where nothing is said", () => {
    const { gateway, scheduler } = readServiceSettings({});
    expect([gateway.typicalTaskS, gateway.stepDelayAllowed, scheduler.holder]).toEqual([10, true, 'standalone']);
  });

  it('are those of a deployment where they are said', () => {
    const { gateway, scheduler, billing } = readServiceSettings({
      MILLRACE_MAX_RETRIES: '7',
      MILLRACE_LEASE_MS: '4000',
      MILLRACE_PRICE_PER_GPU_HOUR: '1.25',
      MILLRACE_LOAD_BEARER: 'platform',
    });
    expect([gateway.maxRetries, scheduler.leaseMs, scheduler.pricePerGpuHour]).toEqual([7, 4_000, '1.25']);
    expect(billing.loadBearer).toBe('platform');
  });

  it.each([
    ['MILLRACE_MAX_RETRIES', 'many'],
    ['MILLRACE_QUEUE_TTL_MS', '1'],
    ['MILLRACE_LOAD_BEARER', 'nobody'],
  ])('%s=%s is told before anything starts', (variable, value) => {
    expect(() => readServiceSettings({ [variable]: value })).toThrow(variable);
  });
});
