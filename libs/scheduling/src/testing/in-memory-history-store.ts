import { SERVED_BUCKET_MS, type HistoryStore } from '../engine/ports/history-store.port.js';
import { compareIds } from '../policy/ordering/ordering.js';
import { RUNS_KEPT } from '../policy/prediction/run-window.js';
import { removeSome, type Tables } from './in-memory-tables.js';

export function createHistoryStore(tables: () => Tables): HistoryStore {
  return {
    addRuns: async (runs, at) => {
      for (const { key, gpuMs } of runs) {
        const name = JSON.stringify([key.taskType, key.model, key.resolution, key.frames, key.steps, key.pool]);
        const before = tables().runs.get(name)?.gpuMs ?? [];
        tables().runs.set(name, { key, gpuMs: [...before, gpuMs].slice(-RUNS_KEPT), at });
      }
    },
    runLengths: async (keysMax) =>
      [...tables().runs.values()]
        .toSorted((a, b) => a.at - b.at)
        .slice(-keysMax)
        .map(({ key, gpuMs }) => ({ key, gpuMs })),
    addServed: async (served, at) => {
      const bucket = Math.floor(at / SERVED_BUCKET_MS) * SERVED_BUCKET_MS;
      for (const { priority, tenantId, gpuMs } of served) {
        const name = `${bucket}/${priority}/${tenantId}`;
        const before = tables().served.get(name)?.gpuMs ?? 0;
        tables().served.set(name, { bucket, priority, tenantId, gpuMs: before + gpuMs });
      }
    },
    servedSince: async (since) => {
      const from = Math.floor(since / SERVED_BUCKET_MS) * SERVED_BUCKET_MS;
      const recent = [...tables().served.values()].filter(({ bucket }) => bucket >= from);
      return [...Map.groupBy(recent, ({ priority, tenantId }) => JSON.stringify([priority, tenantId])).values()]
        .map((counts) => ({
          priority: counts[0]?.priority ?? 0,
          tenantId: counts[0]?.tenantId ?? '',
          gpuMs: counts.reduce((sum, { gpuMs }) => sum + gpuMs, 0),
        }))
        .toSorted((a, b) => a.priority - b.priority || compareIds(a.tenantId, b.tenantId));
    },
    removeOld: async (runsBefore, servedBefore, limit) =>
      removeSome(tables().runs, ({ at }) => at < runsBefore, limit) +
      removeSome(tables().served, ({ bucket }) => bucket < servedBefore, limit),
  };
}
