import { attemptClosed, attemptReported, taskAssigned, taskCompleted, taskScheduled } from '@millrace/contracts';
import type { History } from '../history.js';
import { dataOf, taskHistories, type TaskHistory } from '../task-history.js';
import { expectThat, type Violation } from '../violation.js';

/**
 * P7: each lease has the next epoch, one worker, and one end; a task is completed by exactly one attempt, the last
 * one, by what that attempt itself reported and stored.
 */
export function checkLeases(history: History): readonly Violation[] {
  return [...taskHistories(history).values()].flatMap((task) => [
    ...checkEpochs(task),
    ...checkHolders(task),
    ...checkClosures(task),
    ...checkCompletion(task),
  ]);
}

function checkEpochs({ taskId, events, lifecycle }: TaskHistory): readonly Violation[] {
  const epochs = dataOf(lifecycle, taskScheduled).map(({ attempt }) => attempt.epoch);
  const assigned = new Set(dataOf(events, taskAssigned).map(({ epoch }) => epoch));
  return [
    ...expectThat(
      epochs.every((epoch, index) => epoch === index + 1),
      'epochs fence',
      taskId,
      `leased with epochs ${epochs.join(', ')}`,
    ),
    ...expectThat(
      [...assigned].every((epoch) => epochs.includes(epoch)),
      'epochs fence',
      taskId,
      `assigned with epochs ${[...assigned].join(', ')}, leased with ${epochs.join(', ')}`,
    ),
  ];
}

/** One incarnation per epoch, and no attempt twice. */
function checkHolders({ taskId, events }: TaskHistory): readonly Violation[] {
  const byEpoch = Map.groupBy(dataOf(events, taskAssigned), ({ epoch }) => epoch);
  return [...byEpoch].flatMap(([epoch, all]) =>
    expectThat(
      new Set(all.map(({ attempt, incarnation }) => `${attempt}/${incarnation}`)).size === 1,
      'epochs fence',
      taskId,
      `epoch ${epoch} was assigned to more than one worker or attempt`,
    ),
  );
}

function checkClosures({ taskId, events, lifecycle, ends }: TaskHistory): readonly Violation[] {
  const closures = dataOf(events, attemptClosed);
  const byEpoch = Map.groupBy(closures, ({ epoch }) => epoch);
  const succeeded = new Set(closures.filter(({ outcome }) => outcome === 'succeeded').map(({ epoch }) => epoch)).size;
  const completed = dataOf(ends, taskCompleted).length;
  const leased = dataOf(lifecycle, taskScheduled).length;
  return [
    ...[...byEpoch].flatMap(([epoch, all]) =>
      expectThat(
        new Set(all.map(({ outcome }) => outcome)).size === 1,
        'epochs fence',
        taskId,
        `epoch ${epoch} ended ${all.map(({ outcome }) => outcome).join(' and ')}`,
      ),
    ),
    ...expectThat(succeeded === completed, 'epochs fence', taskId, `${succeeded} successes, ${completed} completions`),
    ...expectThat(
      byEpoch.size === leased || ends.length === 0,
      'epochs fence',
      taskId,
      `${leased} leases, of which ${byEpoch.size} ended`,
    ),
  ];
}

/** What a zombie made never counts, even when a later attempt of the same task succeeds. */
function checkCompletion({ taskId, events, ends }: TaskHistory): readonly Violation[] {
  const reports = dataOf(events, attemptReported).filter(({ kind }) => kind === 'succeeded');
  return dataOf(ends, taskCompleted).flatMap(({ attempts, artifacts }) => {
    const last = attempts.at(-1);
    const own = reports.some(({ attempt, epoch, workerId }) => isOf(last, attempt, epoch) && workerId === last?.worker);
    const foreign = artifacts.find(({ key }) => !key.includes(`/${taskId}/${last?.number}-${last?.epoch}/`));
    return [
      ...expectThat(own, 'epochs fence', taskId, `attempt ${last?.number}-${last?.epoch} did not report its success`),
      ...expectThat(foreign === undefined, 'epochs fence', taskId, `its result ${foreign?.key} is another attempt's`),
    ];
  });
}

function isOf(
  last: { readonly number: number; readonly epoch: number } | undefined,
  attempt: number,
  epoch: number,
): boolean {
  return last?.number === attempt && last.epoch === epoch;
}
