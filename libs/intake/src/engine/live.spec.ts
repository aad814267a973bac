import { describe, expect, it } from '@jest/globals';
import { queueSnapshot, taskProgressed } from '@millrace/contracts';
import { VirtualClock } from '@millrace/kernel';
import { newTaskView } from '../domain/task-view.js';
import { ACME, aTaskId, aTaskRequest, createInMemoryIntake } from '../testing/index.js';
import { AwaitTask } from './await-task.js';
import { ProgressBoard } from './progress-board.js';
import { QueueBoard } from './queue-board.js';
import { ReadTasks } from './read-tasks.js';
import { TaskWatch } from './task-watch.js';

function progressed(epoch: number, step: number, n = 1) {
  return { ...taskProgressed.fixture, taskId: aTaskId(n), epoch, step };
}

describe('ProgressBoard (WRK-10)', () => {
  it('keeps the newest, and never goes back within an epoch or to an older one', () => {
    const board = new ProgressBoard();
    const steps = [progressed(1, 5), progressed(1, 3), progressed(2, 1), progressed(1, 9), progressed(2, 2)].map(
      (data) => {
        board.record(data, 0);
        return [board.of(aTaskId(1))?.epoch, board.of(aTaskId(1))?.step];
      },
    );
    expect(steps).toEqual([
      [1, 5],
      [1, 5],
      [2, 1],
      [2, 1],
      [2, 2],
    ]);
  });

  it('is bounded: the task not heard of for longest goes', () => {
    const board = new ProgressBoard();
    for (let n = 0; n <= 10_000; n++) board.record(progressed(1, 1, n), 0);
    expect([board.of(aTaskId(0)), board.of(aTaskId(1))?.step, board.of(aTaskId(10_000))?.step]).toEqual([
      undefined,
      1,
      1,
    ]);
  });

  it('tells listeners of a task, until they stop', () => {
    const board = new ProgressBoard();
    const heard: number[] = [];
    const stop = board.subscribe(aTaskId(1), ({ step }) => void heard.push(step));
    board.record(progressed(1, 1), 0);
    board.record(progressed(1, 7, 2), 0);
    stop();
    board.record(progressed(1, 2), 0);
    expect(heard).toEqual([1]);
  });
});

describe('AwaitTask (Prefer: wait)', () => {
  async function make() {
    const stores = createInMemoryIntake();
    const clock = new VirtualClock();
    const watch = new TaskWatch(new ProgressBoard());
    await stores.system.unitOfWork.run((scope) => scope.tasks.insert([aTaskRequest(1)]));
    const end = async () => {
      const view = { ...newTaskView(aTaskRequest(1)), state: 'completed' as const, sequence: 4 };
      await stores.system.unitOfWork.run((scope) => scope.tasks.saveProgress([view]));
      return view;
    };
    return { clock, watch, end, wait: new AwaitTask(new ReadTasks(stores.reader), watch, clock) };
  }

  it('answers as soon as the task has ended, and forgets the waiter', async () => {
    const { clock, watch, end, wait } = await make();
    let answered: string | undefined;
    void wait.execute(ACME, aTaskId(1), 30_000).then((view) => (answered = view.state));
    await clock.advance(100);
    expect(answered).toBeUndefined();
    watch.changed([await end()]);
    await clock.advance(0);
    expect([answered, watch.size]).toEqual(['completed', 0]);
  });

  it('notices an end that nobody told it of', async () => {
    const { clock, end, wait } = await make();
    let answered: string | undefined;
    void wait.execute(ACME, aTaskId(1), 30_000).then((view) => (answered = view.state));
    await clock.advance(100);
    await end();
    await clock.advance(1000);
    expect(answered).toBe('completed');
  });

  it('answers with what there is when the time is over', async () => {
    const { clock, watch, wait } = await make();
    let answered: string | undefined;
    void wait.execute(ACME, aTaskId(1), 3000).then((view) => (answered = view.state));
    await clock.advance(2999);
    expect(answered).toBeUndefined();
    await clock.advance(1);
    expect([answered, watch.size]).toEqual(['queued', 0]);
  });

  it('rejects at once for a task that is not there', async () => {
    const { wait } = await make();
    await expect(wait.execute(ACME, aTaskId(9), 3000)).rejects.toMatchObject({ code: 'task_not_found' });
  });
});

describe('QueueBoard', () => {
  const task = { taskType: 'ti2v-5B', priority: 0, typicalS: 180 };

  it('API-02: estimates from finished tasks rather than from the first guess', () => {
    const board = new QueueBoard(new VirtualClock());
    expect(board.estimate(task)).toBe(180);
    board.recordDuration('ti2v-5B', 10_000);
    expect(board.estimate(task)).toBe(10);
    board.recordDuration('ti2v-5B', 20_000);
    expect(board.estimate(task)).toBe(13);
  });

  it('says why a queued task waits and about where, and nothing of one that runs', async () => {
    const clock = new VirtualClock();
    const board = new QueueBoard(clock);
    const waitingReason = { code: 'pool_busy', text: 'Every worker that could run this task is busy.' };
    const lanes = queueSnapshot.fixture.lanes.map((lane) => ({ ...lane, waitingReason }));
    board.record({ ...queueSnapshot.fixture, lanes });
    const queued = newTaskView(aTaskRequest(1));
    expect([board.waitingReason(queued), board.place(queued)?.position]).toEqual([waitingReason, 2]);
    const running = { ...queued, state: 'processing' as const };
    expect([board.waitingReason(running), board.place(running)]).toEqual([undefined, undefined]);
    await clock.advance(30_001);
    expect([board.waitingReason(queued), board.place(queued)?.position]).toEqual([undefined, undefined]);
  });

  it('tells how far behind the scheduler is: as it says, or how long it has said nothing', async () => {
    const clock = new VirtualClock();
    const board = new QueueBoard(clock);
    await clock.advance(50_000);
    expect(board.dispatchLagMs()).toBe(50_000);
    board.record({ ...queueSnapshot.fixture, dispatchLagMs: 70_000 });
    expect(board.dispatchLagMs()).toBe(70_000);
    board.record(queueSnapshot.fixture);
    expect(board.dispatchLagMs()).toBe(0);
    await clock.advance(61_000);
    expect(board.dispatchLagMs()).toBe(61_000);
  });

  it('counts what a fresh snapshot says, and forgets an old one', async () => {
    const clock = new VirtualClock();
    const board = new QueueBoard(clock);
    board.record(queueSnapshot.fixture);
    expect(board.estimate(task)).toBe(720);
    await clock.advance(30_001);
    expect(board.estimate(task)).toBe(180);
  });
});
