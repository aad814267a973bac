import { sleep, type Clock, type DurationMs, type Rng } from '@millrace/kernel';
import type { Faults } from './faults.js';
import type { SimulationClock } from './simulation-clock.js';

export interface MachineWorld {
  readonly clock: SimulationClock;
  readonly rng: Rng;
  readonly faults: Faults;
}

/** What a dead machine waits for. */
const NEVER = new Promise<never>(() => {});

/**
 * One life of a service's process. Everything that it does outside its memory passes `step` or `call`, where it may be
 * slow, paused, or killed. A killed machine's timers never fire and its calls never answer: its memory is gone, what
 * its stores committed stays. A paused one (SIGSTOP) goes on as if nothing had happened.
 */
export class Machine {
  readonly clock: Clock;
  /** The whole machine is gone, not only the process. */
  diskLost = false;
  private dead = false;
  private pausedUntilMs = 0;
  private readonly sleepers: (() => void)[] = [];
  private readonly onKill = new Set<() => void>();
  private readonly onPause = new Set<() => void>();
  private readonly onResume = new Set<() => void>();

  constructor(
    readonly name: string,
    private readonly world: MachineWorld,
    skewMs: DurationMs = 0,
  ) {
    const { clock } = world;
    const zeroMs = Math.floor(world.rng.next() * 1_000_000);
    this.clock = {
      now: () => clock.now() + skewMs,
      monotonicMs: () => clock.monotonicMs() + zeroMs,
      after: (delayMs, fn) => this.after(delayMs, fn),
    };
  }

  get isDead(): boolean {
    return this.dead;
  }

  get isPaused(): boolean {
    return this.world.clock.monotonicMs() < this.pausedUntilMs;
  }

  /** @param disk `lost`: nothing of it is left to start from. */
  kill(disk: 'kept' | 'lost' = 'kept'): void {
    if (this.dead) return;
    this.dead = true;
    this.diskLost = disk === 'lost';
    for (const told of this.onKill) told();
  }

  /** Stands still for so long. */
  pause(durationMs: DurationMs): void {
    if (this.dead || this.isPaused) return;
    this.pausedUntilMs = this.world.clock.monotonicMs() + durationMs;
    for (const told of this.onPause) told();
    this.world.clock.after(durationMs, () => this.resume());
  }

  /** Goes on, at the end of its pause or before. */
  resume(): void {
    if (this.dead || this.pausedUntilMs === 0) return;
    this.pausedUntilMs = 0;
    for (const wake of this.sleepers.splice(0)) wake();
    for (const told of this.onResume) told();
  }

  /** Tells whoever is beyond the border, such as the broker. */
  watch(listeners: {
    readonly killed?: () => void;
    readonly paused?: () => void;
    readonly resumed?: () => void;
  }): () => void {
    const { killed, paused, resumed } = listeners;
    if (killed !== undefined) this.onKill.add(killed);
    if (paused !== undefined) this.onPause.add(paused);
    if (resumed !== undefined) this.onResume.add(resumed);
    return () => {
      if (killed !== undefined) this.onKill.delete(killed);
      if (paused !== undefined) this.onPause.delete(paused);
      if (resumed !== undefined) this.onResume.delete(resumed);
    };
  }

  /** Between two statements: takes its time, and may not come back. */
  async step(): Promise<void> {
    if (this.dead) return NEVER;
    if (this.world.faults.happens('crash between statements')) this.kill();
    const delayMs = this.delayMs();
    if (delayMs > 0) await sleep(this.world.clock, delayMs);
    return this.running();
  }

  /** An effect beyond the border, with a step before it and one before its answer is read. */
  async call<Result>(effect: () => Promise<Result>): Promise<Result> {
    await this.step();
    try {
      return await effect();
    } finally {
      await this.step();
    }
  }

  /** At once while it runs, later while it is paused, never when it is dead. */
  async running(): Promise<void> {
    while (!this.dead && this.isPaused) await new Promise<void>((resolve) => this.sleepers.push(resolve));
    if (this.dead) return NEVER;
  }

  private after(delayMs: DurationMs, fn: () => void): () => void {
    let cancelled = false;
    const fire = (): void => {
      if (cancelled || this.dead) return;
      if (this.isPaused) this.sleepers.push(fire);
      else fn();
    };
    const cancel = this.world.clock.after(delayMs, fire);
    return () => {
      cancelled = true;
      cancel();
    };
  }

  /** Mostly at once, often some milliseconds, rarely seconds. */
  private delayMs(): DurationMs {
    const { rng, faults } = this.world;
    const roll = rng.next();
    if (roll < 0.8) return 0;
    if (roll < 0.97 || !faults.active) return Math.ceil(rng.next() * 5);
    if (roll < 0.9985) return Math.ceil(rng.next() * 200);
    return Math.ceil(rng.next() * 4_000);
  }
}

/** A store whose every method crosses the machine's border, by `cross`. Its methods must all answer with promises. */
export function beyondBorder<Store extends object>(
  store: Store,
  cross: <Result>(effect: () => Promise<Result>) => Promise<Result>,
): Store {
  return new Proxy(store, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => cross(() => member.apply(target, args) as Promise<unknown>);
    },
  });
}
