import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from '@jest/globals';
import { costAnswer, type Principal } from '@millrace/contracts';
import { newTaskView } from '@millrace/intake';
import type { TaskView } from '@millrace/intake/ports';
import { ACME, aPrincipal, aTaskEnd, aTaskId, aTaskRequest, anAttempt } from '@millrace/intake/testing';
import { VirtualClock, seededRng, silentLogger } from '@millrace/kernel';
import { createPropagatingTracer } from '@millrace/messaging';
import type { FastifyRequest } from 'fastify';
import type { Gateway } from '../gateway.js';
import { ForwardController } from './forward.controller.js';
import { TaskEventStream } from './task-event-stream.js';
import { TaskPresenter } from './task-presenter.js';

const waiting = newTaskView(aTaskRequest(1));
const cancelled: TaskView = {
  ...waiting,
  state: 'cancelled',
  sequence: 2,
  end: { ...aTaskEnd(), gpuMs: 0, processingMs: 0, provisionalCost: '0', artifacts: [] },
};
const taskId = aTaskId(1);
const clock = new VirtualClock();
let billing: Server | undefined;

afterEach(() => void billing?.close());

const boards = {
  progress: { of: () => undefined, subscribe: () => () => {} },
  watch: { subscribe: () => () => {} },
  queue: { waitingReason: () => undefined, place: () => undefined },
} as unknown as Gateway;

function tasksOf(view: TaskView): Gateway['tasks'] {
  const tasks: Partial<Gateway['tasks']> = { one: async () => view, events: async () => [] };
  return tasks as Gateway['tasks'];
}

/** The answer of the gateway over a billing service that answers every question with `status`. */
async function costsOf(view: TaskView, status: number): Promise<unknown> {
  const server = createServer((_request, response) => response.writeHead(status).end('{}'));
  billing = server;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const options = { services: () => ({ billing: url, scheduler: url, notifier: url }), principalKey: 'p'.repeat(32) };
  const gateway = { ...boards, tasks: tasksOf(view), options } as unknown as Gateway;
  const controller = new ForwardController(gateway, clock, createPropagatingTracer(seededRng(1)), silentLogger);
  const request = { url: `/api/v1/costs?task=${taskId}`, id: 'r' } as unknown as FastifyRequest;
  const caller: Principal = aPrincipal();
  return controller.costs({ query: { task: taskId } } as never, request, caller);
}

describe('a task that billing has not heard of', () => {
  it('BIL-01: costs nothing, finally, when it ended without an attempt', async () => {
    const answer = costAnswer.parse(await costsOf(cancelled, 404));
    expect(answer).toMatchObject({ task_id: taskId, state: 'charged', cost: '0', charged_at: null, by_attempt: [] });
  });

  it('costs nothing yet while it may still run', async () => {
    expect(costAnswer.parse(await costsOf(waiting, 404))).toMatchObject({ state: 'pending', cost: '0' });
  });

  it("is billing's to answer as soon as billing knows it", async () => {
    expect(await costsOf(cancelled, 200)).toMatchObject({ status: 200, body: '{}' });
  });
});

describe('the event stream of a task that ended', () => {
  const presenter = new TaskPresenter(boards, clock);
  const streamOf = (view: TaskView): TaskEventStream => {
    const gateway = { ...boards, tasks: tasksOf(view) };
    const facts = { tenantId: ACME, taskId, afterSequence: 0, clock, logger: silentLogger };
    return new TaskEventStream({ gateway, presenter, ...facts });
  };

  it('closes at once without an attempt: no charge follows', async () => {
    const stream = streamOf(cancelled);
    await stream.run();
    expect(await text(stream.body)).toBe('retry: 2000\n\n');
    expect((await presenter.task(cancelled)).usage).toMatchObject({ final: true, cost: '0' });
  });

  it('waits for the charge where there was one, 30 s at most', async () => {
    const stream = streamOf({ ...cancelled, attempts: [anAttempt()] });
    let closed = false;
    const running = stream.run().then(() => (closed = true));
    await clock.advance(29_000);
    expect(closed).toBe(false);
    await clock.advance(2_000);
    await running;
    expect(closed).toBe(true);
  });
});
