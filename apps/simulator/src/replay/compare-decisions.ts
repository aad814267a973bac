import type { RecordedDecision } from '@millrace/scheduling/policy';

/** A task that the policy of today decides otherwise, with both reasons. */
export interface DecisionDifference {
  readonly task: string;
  /** Undefined: it was not decided on. */
  readonly recorded: RecordedDecision | undefined;
  readonly replayed: RecordedDecision | undefined;
}

export interface CycleDifference {
  readonly same: number;
  /** In the order of the recorded decisions, then those that only the replay has. */
  readonly differing: readonly DecisionDifference[];
}

/** Compares by task: another order of the same decisions is no difference. */
export function compareDecisions(
  recorded: readonly RecordedDecision[],
  replayed: readonly RecordedDecision[],
): CycleDifference {
  const byTask = new Map(replayed.map((decision) => [decision.task, decision]));
  const differing: DecisionDifference[] = [];
  let same = 0;
  for (const before of recorded) {
    const now = byTask.get(before.task);
    byTask.delete(before.task);
    if (now !== undefined && isSame(before, now)) same += 1;
    else differing.push({ task: before.task, recorded: before, replayed: now });
  }
  for (const [task, now] of byTask) differing.push({ task, recorded: undefined, replayed: now });
  return { same, differing };
}

function isSame(a: RecordedDecision, b: RecordedDecision): boolean {
  return (
    a.kind === b.kind &&
    a.reason === b.reason &&
    a.worker === b.worker &&
    sameItems(a.devices, b.devices) &&
    sameItems(a.victims, b.victims)
  );
}

function sameItems(a: readonly unknown[] = [], b: readonly unknown[] = []): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
