import { seededRng, type Rng, type TaskId } from '@millrace/kernel';
import { draw } from './distribution.js';
import type { EventHeap } from './event-heap.js';
import type { ArrivalSpec, Scenario, TaskTypeSpec, TenantSpec } from './scenario.js';
import type { SimulatedGang, SimulatedTask } from './world.js';

/** More tasks than this are a mistake in the scenario, or another tool's work. */
export const TASKS_MAX = 1_000_000;
const MS_PER_HOUR = 3_600_000;
const STREAM_PRIME = 104_729;

/** Plans the arrivals of every tenant. Each source has a stream of its own: a policy can't change what comes. */
export class Arrivals {
  private made = 0;

  constructor(
    private readonly scenario: Scenario,
    private readonly heap: EventHeap,
    private readonly arrive: (tasks: readonly SimulatedTask[]) => void,
  ) {}

  start(): void {
    let stream = 1;
    for (const tenant of this.scenario.tenants) {
      for (const arrival of tenant.arrivals) {
        const type = this.scenario.taskTypes.find(({ name }) => name === arrival.taskType);
        const rng = seededRng(this.scenario.seed * STREAM_PRIME + stream++);
        if (type !== undefined) this.planNext({ tenant, arrival, type, rng }, 0);
      }
    }
  }

  private planNext(source: ArrivalSource, index: number): void {
    const next = nextArrival(source, this.heap.nowMs, index);
    if (next === undefined || next.atMs >= Math.min(source.arrival.untilMs, this.scenario.durationMs)) return;
    this.heap.at(next.atMs, () => {
      // The next one first: what comes at the same moment is there before a cycle looks.
      this.planNext(source, index + 1);
      for (let one = 0; one < next.count; one++) this.arrive(this.makeTasks(source));
    });
  }

  /** One task, or all members of a gang; they are drawn once, as they work in step. */
  private makeTasks({ tenant, arrival, type, rng }: ArrivalSource): readonly SimulatedTask[] {
    const serviceMs = draw(type.service, rng);
    const gang: SimulatedGang | undefined =
      type.gangSize > 1 ? { id: `gang-${this.made + 1}`, members: [] } : undefined;
    for (let member = 0; member < type.gangSize; member++) {
      if (this.made === TASKS_MAX) throw new Error(`More than ${TASKS_MAX} tasks have come: shorten the scenario.`);
      const task = newTask({ number: ++this.made, tenant, type, arrival, serviceMs, gang, atMs: this.heap.nowMs });
      if (gang === undefined) return [task];
      gang.members.push(task);
    }
    return gang?.members ?? [];
  }
}

interface ArrivalSource {
  readonly tenant: TenantSpec;
  readonly arrival: ArrivalSpec;
  readonly type: TaskTypeSpec;
  readonly rng: Rng;
}

function nextArrival(
  { arrival, rng }: ArrivalSource,
  nowMs: number,
  index: number,
): { readonly atMs: number; readonly count: number } | undefined {
  const { process, fromMs } = arrival;
  switch (process.kind) {
    case 'poisson': {
      const beganMs = index === 0 ? fromMs : nowMs;
      const gap = { kind: 'exponential', meanMs: MS_PER_HOUR / process.perHour } as const;
      return { atMs: beganMs + draw(gap, rng), count: 1 };
    }
    case 'bursts':
      return { atMs: fromMs + index * process.everyMs, count: process.size };
    case 'trace': {
      const atMs = process.timesMs[index];
      return atMs === undefined ? undefined : { atMs: fromMs + atMs, count: 1 };
    }
  }
}

function newTask(parts: {
  readonly number: number;
  readonly tenant: TenantSpec;
  readonly type: TaskTypeSpec;
  readonly arrival: ArrivalSpec;
  readonly serviceMs: number;
  readonly gang: SimulatedGang | undefined;
  readonly atMs: number;
}): SimulatedTask {
  const { number, tenant, type, arrival, serviceMs, gang, atMs } = parts;
  return {
    id: `00000000-0000-7000-8000-${number.toString(16).padStart(12, '0')}` as TaskId,
    tenant,
    type,
    className: arrival.className,
    arrivedMs: atMs,
    serviceMs,
    gang,
    state: 'waiting',
    attempt: undefined,
    savedMs: 0,
    firstStartMs: undefined,
    endedMs: undefined,
    waitedMs: 0,
    waitingSinceMs: atMs,
    reason: undefined,
    reasonSinceMs: atMs,
    gpuMs: 0,
    preemptions: 0,
    losses: 0,
  };
}
