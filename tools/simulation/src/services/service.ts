import { messageOf, type DurationMs } from '@millrace/kernel';
import { Machine } from '../world/machine.js';
import type { World } from '../world/world.js';

export interface ServiceOptions<Parts> {
  readonly name: string;
  /** How far its wall clock is off. */
  readonly skewMs?: DurationMs;
  readonly start: (machine: Machine) => Promise<Parts>;
  /** From a kill to the next start. */
  readonly restartMs: readonly [DurationMs, DurationMs];
}

/** A service under a supervisor that starts it again, on a new machine, whenever it was killed or could not start. */
export class Service<Parts> {
  machine: Machine;
  /** Undefined while it starts. */
  parts: Parts | undefined;
  lives = 0;
  private retired = false;

  constructor(
    private readonly world: World,
    private readonly options: ServiceOptions<Parts>,
  ) {
    this.machine = this.launch();
  }

  get name(): string {
    return this.options.name;
  }

  /** Not started again. */
  retire(): void {
    this.retired = true;
  }

  private launch(): Machine {
    const { name, skewMs, start } = this.options;
    const machine = new Machine(name, this.world, skewMs);
    this.machine = machine;
    this.parts = undefined;
    this.lives += 1;
    machine.watch({ killed: () => this.relaunchLater(machine) });
    start(machine).then(
      (parts) => {
        if (this.machine === machine) this.parts = parts;
      },
      (error: unknown) => {
        this.world.logger.warn(`${name} did not start`, { error: messageOf(error) });
        machine.kill();
      },
    );
    return machine;
  }

  private relaunchLater(machine: Machine): void {
    const [shortestMs, longestMs] = this.options.restartMs;
    const waitMs = shortestMs + this.world.rng.next() * (longestMs - shortestMs);
    this.world.clock.after(waitMs, () => {
      if (!this.retired && this.machine === machine) this.launch();
    });
  }
}
