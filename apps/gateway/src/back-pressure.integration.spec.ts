import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { queueSnapshot } from '@millrace/contracts';
import { newEvent } from '@millrace/messaging/ports';
import { startGatewayFixture, type Answer, type GatewayFixture } from './testing/gateway-fixture.js';

const START_MS = 90_000;
let fixture: GatewayFixture;

beforeAll(async () => {
  fixture = await startGatewayFixture({ publishAgeMaxS: 0.5, dispatchLagMaxS: 60 });
}, START_MS);
afterAll(() => fixture?.close(), START_MS);

const post = (): Promise<Answer> =>
  fixture.call('POST', '/api/v1/generate', { body: { prompt: 'a red ball', task_type: 'ti2v-5B' } });

/** Posts until the answer has this status; the test's own limit ends it. */
async function postUntil(status: number): Promise<Answer> {
  for (;;) {
    const answer = await post();
    if (answer.status === status) return answer;
  }
}

function expectRefused(answer: Answer): void {
  expect([answer.status, answer.body['code'], answer.body['retryable']]).toEqual([503, 'service_unavailable', true]);
  expect(answer.headers.get('retry-after')).toBe('5');
}

describe('back-pressure (P21)', () => {
  it('answers 503 with Retry-After while the scheduler is over 60 s behind, and takes tasks again when it is not', async () => {
    await fixture.publish([newEvent(queueSnapshot, { ...queueSnapshot.fixture, dispatchLagMs: 61_000 })]);
    expectRefused(await postUntil(503));
    await fixture.publish([newEvent(queueSnapshot, { ...queueSnapshot.fixture, dispatchLagMs: 0 })]);
    expect((await postUntil(202)).status).toBe(202);
  });

  it('answers 503 with Retry-After while events wait too long to be published, and loses none of what it took', async () => {
    fixture.bus.interceptPublish(() => {
      throw new Error('the bus is away');
    });
    const before = fixture.bus.records('task.requested').length;
    const taken: string[] = [];
    for (;;) {
      const answer = await post();
      if (answer.status !== 202) {
        expectRefused(answer);
        break;
      }
      taken.push(String(answer.body['task_id']));
    }
    expect(fixture.bus.records('task.requested')).toHaveLength(before);
    fixture.bus.interceptPublish(undefined);
    taken.push(String((await postUntil(202)).body['task_id']));
    const told = new Set(fixture.bus.records('task.requested').map(({ key }) => key));
    expect(taken.filter((id) => !told.has(id))).toEqual([]);
  });
});
