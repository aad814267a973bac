import { describe, expect, it } from '@jest/globals';
import { loadSettings } from '@millrace/platform';
import { SCHEDULER_VARIABLES, priceList, schedulerSettings, toSchedulerSettings } from './settings.js';

function load(source: Readonly<Record<string, string>> = {}) {
  return loadSettings(schedulerSettings, SCHEDULER_VARIABLES, source);
}

describe('settings of the scheduler', () => {
  it('QUE-06: a lease lives 30 s by default, and as long as is set', () => {
    expect(toSchedulerSettings(load())).toMatchObject({ leaseMs: 30_000, suspectMs: 15_000, leaderTtlMs: 10_000 });
    expect(toSchedulerSettings(load({ MILLRACE_LEASE_MS: '300000' })).leaseMs).toBe(300_000);
  });

  it('a worker is suspect before its lease is over, however they are set', () => {
    expect(toSchedulerSettings(load({ MILLRACE_LEASE_MS: '2000' })).suspectMs).toBe(2_000);
  });

  it('P8: what lies unread for half a lease means that the scheduler is late, not the worker', () => {
    expect(toSchedulerSettings(load()).workerLagLimitMs).toBe(10_000);
    expect(toSchedulerSettings(load({ MILLRACE_LEASE_MS: '4000' })).workerLagLimitMs).toBe(2_000);
  });

  it('a pool has its own price, or the usual one', () => {
    const priceOf = priceList(load({ MILLRACE_POOL_PRICES: 'a100=3.06,spot=0.9701' }));
    expect([priceOf('a100', 'on_demand'), priceOf('spot', 'spot'), priceOf('local', 'on_demand')]).toEqual([
      3_060_000_000n,
      970_100_000n,
      900_000_000n,
    ]);
  });

  it.each([
    ['MILLRACE_LEASE_MS', 'soon'],
    ['MILLRACE_LEASE_MS', '10'],
    ['MILLRACE_POOL_PRICES', 'a100'],
    ['MILLRACE_PRICE_PER_GPU_HOUR', '-1'],
  ])('%s=%s ends the start with its name', (variable, value) => {
    expect(() => load({ [variable]: value })).toThrow(variable);
  });
});
