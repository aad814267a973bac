import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { problem, queueSnapshot, taskAnswer, type EventData } from '@millrace/contracts';
import { systemClock, toIso } from '@millrace/kernel';
import { newEvent } from '@millrace/messaging/ports';
import { eventually } from '@millrace/test-kit';
import { startGatewayFixture, type GatewayFixture } from './testing/gateway-fixture.js';

const START_MS = 90_000;
const VALID = { prompt: 'a red ball', task_type: 'ti2v-5B', resolution: '832*480' };
type Lane = EventData<typeof queueSnapshot>['lanes'][number];
type Snapshot = EventData<typeof queueSnapshot>;
let fixture: GatewayFixture;

beforeAll(async () => {
  fixture = await startGatewayFixture();
}, START_MS);
afterAll(() => fixture?.close(), START_MS);

const post = (body: object = VALID) => fixture.call('POST', '/api/v1/generate', { body });

/** What the scheduler tells. */
function tell(lane: Partial<Lane>, more: Partial<Snapshot> = {}): Promise<void> {
  const told = { taskType: 'ti2v-5B', priority: 0, waiting: 12, running: 1, oldestRequestedAt: toIso(0), ...lane };
  const at = toIso(systemClock.now());
  return fixture.publish([
    newEvent(queueSnapshot, { pool: 'a10g', at, workers: 1, freeSlots: 0, lanes: [told], ...more }),
  ]);
}

async function queued(key: string, taskId: unknown): Promise<ReturnType<typeof taskAnswer.parse>> {
  return taskAnswer.parse((await fixture.call('GET', `/api/v1/tasks/${String(taskId)}`, { key })).body);
}

describe('a queued task', () => {
  it("says where it stands and why it waits, by its own tenant's queue, which no other tenant sees", async () => {
    const mine = (await post()).body['task_id'];
    const theirs = (await fixture.call('POST', '/api/v1/generate', { body: VALID, key: fixture.otherKey })).body[
      'task_id'
    ];
    const place = (position: number) => ({
      ...{ requestedAt: toIso(systemClock.now()), position, aheadGpuSeconds: position * 10 },
      ...{ startS: { p50: 60, p90: 90 }, finishS: { p50: 70, p90: 120 } },
    });
    const quota = { code: 'tenant_quota', text: 'The quota is used up.' };
    const busy = { code: 'pool_busy', text: 'Every worker is busy.', evidence: { vram: 2 } };
    await tell({
      waitingReason: busy,
      tenants: [
        { tenantId: 'acme', waiting: 1, first: place(4), last: place(4), basis: 'history' },
        { tenantId: 'umbrella', waiting: 11, waitingReason: quota },
      ],
    });
    const answer = await eventually(async () => {
      const task = await queued(fixture.key, mine);
      expect(task.queue?.position).toBe(4);
      return task;
    });
    expect(answer.waiting_reason).toEqual(busy);
    expect(answer.queue).toMatchObject({ ahead_gpu_seconds: 40, basis: 'history' });
    const inMs = (instant: string | undefined): number => Date.parse(instant ?? '') - systemClock.now();
    expect(inMs(answer.queue?.eta_start?.p50)).toBeGreaterThan(50_000);
    expect(inMs(answer.queue?.eta_finish?.p90)).toBeGreaterThan(inMs(answer.queue?.eta_finish?.p50));
    const other = await queued(fixture.otherKey, theirs);
    expect(other.waiting_reason).toEqual(quota);
    expect(other.queue).not.toHaveProperty('eta_start');
    expect(JSON.stringify(answer)).not.toContain('quota');
  });

  it('VEC-20: one that no declared machine could run is refused with what there is, and none is once nothing is declared', async () => {
    const small = { pool: 'a10g', taskTypes: ['ti2v-5B'], gpus: 1, vramMiB: 24_576 };
    await tell({}, { catalogue: [small] });
    const refused = await eventually(async () => {
      const answer = await post({ ...VALID, task_type: 't2v-A14B' });
      expect(answer.status).toBe(422);
      return problem.parse(answer.body);
    });
    expect(refused).toMatchObject({ code: 'no_fitting_machine', errors: [{ pointer: '/task_type' }] });
    expect(refused.detail).toContain('Pools run ti2v-5B');
    expect((await post()).status).toBe(202);
    await tell({}, { catalogue: [{ ...small, vramMiB: 16_384 }] });
    const large = { ...VALID, resolution: '1280*704' };
    await eventually(async () => {
      const answer = problem.parse((await post(large)).body);
      expect(answer.detail).toContain(
        'needs 1 GPU with 22528 MiB each, and no machine has that. There are 1 GPU with 16384 MiB',
      );
    });
    await tell({});
    await eventually(async () => expect((await post(large)).status).toBe(202));
  });
});
