import type { TaskId } from '@millrace/kernel';
import { hasEnded, type TaskView } from '../domain/task-view.js';
import type { ProgressBoard } from './progress-board.js';
import type { TaskChangeObserver } from './project-lifecycle.js';

export type ChangeListener = () => void;

/** Wakes those who wait for a task: its view changed, or is about to on another replica. */
export class TaskWatch implements TaskChangeObserver {
  private readonly listeners = new Map<TaskId, Set<ChangeListener>>();

  constructor(private readonly progress: ProgressBoard) {}

  changed(views: readonly TaskView[]): void {
    this.progress.forget(views.filter(hasEnded).map((view) => view.request.id));
    for (const view of views) this.wake(view.request.id);
  }

  wake(taskId: TaskId): void {
    for (const listener of this.listeners.get(taskId) ?? []) listener();
  }

  /** Tasks somebody waits for. */
  get size(): number {
    return this.listeners.size;
  }

  subscribe(taskId: TaskId, listener: ChangeListener): () => void {
    const listeners = this.listeners.get(taskId) ?? new Set();
    this.listeners.set(taskId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.listeners.delete(taskId);
    };
  }
}
