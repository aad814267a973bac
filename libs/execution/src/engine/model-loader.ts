import type { Clock } from '@millrace/kernel';
import type { InferenceEngine } from './ports/inference-engine.port.js';
import type { WorkerObserver } from './ports/worker-observer.port.js';

/** Loads each engine's model once; attempts that want it meanwhile wait for the same load. A failed load is tried anew. */
export class ModelLoader {
  private readonly loading = new Map<InferenceEngine, Promise<void>>();
  private readonly loaded = new Set<InferenceEngine>();

  constructor(
    private readonly clock: Clock,
    private readonly observer: WorkerObserver,
  ) {}

  isLoaded(engine: InferenceEngine): boolean {
    return this.loaded.has(engine);
  }

  /** Names of the models that are in memory, sorted. */
  models(): readonly string[] {
    return [...new Set([...this.loaded].flatMap(({ models }) => models))].toSorted();
  }

  async load(engine: InferenceEngine): Promise<void> {
    const running = this.loading.get(engine) ?? this.loadOnce(engine);
    this.loading.set(engine, running);
    try {
      await running;
    } catch (error) {
      this.loading.delete(engine);
      throw error;
    }
  }

  private async loadOnce(engine: InferenceEngine): Promise<void> {
    const startedMs = this.clock.monotonicMs();
    await engine.load();
    this.loaded.add(engine);
    this.observer.modelLoaded(engine.name, this.clock.monotonicMs() - startedMs);
  }
}
