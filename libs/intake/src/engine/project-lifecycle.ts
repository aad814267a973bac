import { taskCharged } from '@millrace/contracts';
import type { TaskId } from '@millrace/kernel';
import { ACK, isEvent, type HandlerResult, type ReceivedEvent, type UnitOfWork } from '@millrace/messaging/ports';
import { applyChange, applyCharge, type TaskView } from '../domain/task-view.js';
import { taskOf, toChange, toCharge, toTaskEvent } from './lifecycle-change.js';
import type { IntakeScope, TaskEvent } from './ports/intake-stores.port.js';

/** Told after the commit which tasks changed, so that whoever waits for them looks again. */
export interface TaskChangeObserver {
  changed(views: readonly TaskView[]): void;
}

/** What one event did to its task's view. */
interface Step {
  readonly result: HandlerResult;
  readonly next?: TaskView;
  readonly event?: TaskEvent;
}

/**
 * Keeps the task view: lifecycle strictly by sequence, the charge once. Sequence and charge make a redelivery
 * harmless by themselves, so no inbox row is written (guarantees.md section 1, "Inbox").
 */
export class ProjectLifecycle {
  constructor(
    private readonly unitOfWork: UnitOfWork<IntakeScope>,
    private readonly observer: TaskChangeObserver,
  ) {}

  /** One result per event, same order. A later sequence that came first is held. */
  async execute(events: readonly ReceivedEvent[]): Promise<readonly HandlerResult[]> {
    const { results, changed } = await this.unitOfWork.run(async (scope) => {
      const ids = [...new Set(events.map((event) => taskOf(event).taskId))].sort();
      const views = new Map((await scope.tasks.lock(ids)).map((view) => [view.request.id, view]));
      const steps = events.map((event) => this.step(event, views));
      const changedIds = new Set(steps.flatMap(({ next }) => (next === undefined ? [] : [next.request.id])));
      const changedViews = [...changedIds].flatMap((id) => views.get(id) ?? []);
      if (changedViews.length > 0) await scope.tasks.saveProgress(changedViews);
      const taskEvents = steps.flatMap(({ event }) => event ?? []);
      if (taskEvents.length > 0) await scope.tasks.addEvents(taskEvents);
      return { results: steps.map(({ result }) => result), changed: changedViews };
    });
    if (changed.length > 0) this.observer.changed(changed);
    return results;
  }

  private step(event: ReceivedEvent, views: Map<TaskId, TaskView>): Step {
    const step = stepOf(event, views.get(taskOf(event).taskId));
    if (step.next !== undefined) views.set(step.next.request.id, step.next);
    return step;
  }
}

function stepOf(event: ReceivedEvent, view: TaskView | undefined): Step {
  if (view === undefined) return { result: { kind: 'dead', reason: 'the task was never accepted here' } };
  if (view.request.tenantId !== taskOf(event).tenantId) {
    return { result: { kind: 'dead', reason: 'the event names another tenant than its task' } };
  }
  if (isEvent(event, taskCharged)) return { result: ACK, next: applyCharge(view, toCharge(event.data)) };
  const change = toChange(event);
  if (change === undefined) return { result: { kind: 'dead', reason: `${event.type} is no lifecycle event` } };
  const applied = applyChange(view, change);
  if (applied.kind === 'old') return { result: ACK };
  if (applied.kind === 'early') {
    return { result: { kind: 'hold', reason: `sequence ${change.sequence} came before ${applied.wanted}` } };
  }
  return { result: ACK, next: applied.next, event: toTaskEvent(event, change) };
}
