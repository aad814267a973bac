import { describe, expect, it } from '@jest/globals';
import { listWorkers } from '@millrace/contracts';
import type { Logger } from '@millrace/kernel';
import type { GpuOutage } from '@millrace/scheduling/ports';
import { aWorker } from '@millrace/scheduling/testing';
import { Registry } from 'prom-client';
import { createSchedulerMetrics } from './scheduler-metrics.js';
import { workerToHttp } from './workers.convert.js';

const SINCE = Date.UTC(2026, 0, 1, 12);
const FAULT = { gpu: 3, code: 'bus_loss', permanent: true, since: SINCE, detail: 'Xid 79' } as const;
const OUT: GpuOutage = { ...FAULT, workerId: 'worker-7', pool: 'a100', change: 'out' };

describe('a GPU out of service, as people see it', () => {
  it('SCH-50: is told of its worker, with position, reason and time', () => {
    const worker = aWorker({ traits: { faults: [FAULT], driver: '535.104.05', loadedModels: ['a@1'] } });
    const answer = { data: [workerToHttp({ ...worker, usedSlots: 0 })] };
    expect(listWorkers.responses[200].schema.parse(answer).data).toMatchObject([
      {
        ...{ driver: '535.104.05', cpu_milli: null, ram_mib: null, loaded_models: ['a@1'], idle_percent: null },
        gpu_faults: [{ ...FAULT, since: '2026-01-01T12:00:00.000Z' }],
      },
    ]);
    expect(workerToHttp({ ...aWorker(), usedSlots: 0 }).gpu_faults).toEqual([]);
  });

  it('SCH-50: is one line of the log and one count by code, without a label that grows', async () => {
    const lines: [level: string, message: string, fields: object][] = [];
    const note =
      (level: string) =>
      (message: string, fields: object = {}) =>
        void lines.push([level, message, fields]);
    const logger: Logger = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') };
    const registry = new Registry();
    const observer = createSchedulerMetrics(registry, logger);
    observer.gpusChanged([OUT, { ...OUT, gpu: 1, code: 'xid', change: 'back' }], 2);
    expect(lines).toMatchObject([
      ['warn', 'GPU taken out of service', { workerId: 'worker-7', gpu: 3, code: 'bus_loss', detail: 'Xid 79' }],
      ['info', 'GPU back in service', { gpu: 1, code: 'xid' }],
    ]);
    const text = await registry.metrics();
    expect(text).toContain('millrace_scheduler_gpu_outages_total{code="bus_loss",change="out"} 1');
    expect(text).toContain('millrace_scheduler_leases_total{event="evicted"} 2');
    expect(text).not.toContain('worker-7');
  });
});
