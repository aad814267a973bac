import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { VirtualClock, silentLogger, systemClock, systemIds } from '@millrace/kernel';
import { EventStamper } from '@millrace/messaging';
import { createInMemoryBus } from '@millrace/messaging/testing';
import { aTask, aWorker, idOf, taskIdOf } from '@millrace/scheduling/testing';
import { migrate } from '../migrate/migrate.js';
import { openServiceDatabase } from '../pool/service-database.js';
import { startTemporaryPostgres, type EmbeddedPostgres } from '../server/index.js';
import { SCHEDULING_MIGRATIONS, SCHEDULING_SCHEMA, SCHEDULING_SWEEPS, createSchedulingStores } from './index.js';

const START_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
let server: EmbeddedPostgres;

beforeAll(async () => {
  server = await startTemporaryPostgres();
  const schema = { schema: SCHEDULING_SCHEMA, service: 'scheduler', migrations: SCHEDULING_MIGRATIONS };
  await migrate({ url: server.url, ...schema });
}, START_MS);
afterAll(() => server.stop());

function open(clock: VirtualClock) {
  const stamper = new EventStamper({ clock, ids: systemIds });
  const parts = { bus: createInMemoryBus({ clock }), stamper, clock, logger: silentLogger };
  return openServiceDatabase({ ...parts, service: 'scheduler', url: server.url, sweeps: SCHEDULING_SWEEPS });
}

describe('the sweeping of the scheduler', () => {
  it('removes what ended 7 days ago once an hour, and nothing that is younger or goes on', async () => {
    const now = systemClock.now();
    const [old, young] = [now - 8 * DAY_MS, now - 6 * DAY_MS];
    const clock = new VirtualClock();
    const database = open(clock);
    const ended = { state: 'completed' as const, requestedAt: old };
    await database.unitOfWork(createSchedulingStores).run(async ({ tasks, workers }) => {
      await tasks.insert([
        aTask({ id: taskIdOf(1), ...ended, endedAt: old }),
        aTask({ id: taskIdOf(2), ...ended, endedAt: young }),
        aTask({ id: taskIdOf(3), requestedAt: old }),
      ]);
      await workers.add([
        aWorker({ workerId: 'a', incarnation: idOf(1), state: 'lost', heartbeatAt: old }),
        aWorker({ workerId: 'b', incarnation: idOf(2), state: 'left', heartbeatAt: young }),
        aWorker({ workerId: 'c', incarnation: idOf(3), state: 'ready', heartbeatAt: old }),
      ]);
      await tasks.leaveTombstones([4, 5].map((n) => ({ taskId: taskIdOf(n), tenantId: aTask().tenantId })));
    });
    const age = `UPDATE ${SCHEDULING_SCHEMA}.tombstones SET left_at = now() - interval '8 days' WHERE task_id = $1`;
    await database.system.query(age, [taskIdOf(4)]);
    const left = async (table: string, id: string): Promise<unknown[]> => {
      const text = `SELECT ${id} AS id FROM ${SCHEDULING_SCHEMA}.${table} ORDER BY 1`;
      return (await database.system.query<{ id: string }>(text)).rows.map((row) => row.id);
    };

    await clock.advance(HOUR_MS - 1);
    expect(await left('tasks', 'id')).toHaveLength(3);
    await clock.advance(1);
    // Tombstones go last; each look is a query, and the test's deadline ends a sweep that never comes.
    let waiting = true;
    while (waiting) waiting = (await left('tombstones', 'task_id')).length > 1;
    expect(await left('tasks', 'id')).toEqual([taskIdOf(2), taskIdOf(3)]);
    expect(await left('workers', 'worker_id')).toEqual(['b', 'c']);
    expect(await left('tombstones', 'task_id')).toEqual([taskIdOf(5)]);
    await database.close();
  });
});
