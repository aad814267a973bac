import type { DurationMs } from '@millrace/kernel';
import { servicesOf, type Cast, type WorkerService } from './cast.js';
import type { FaultKind } from './faults.js';
import type { Receivers } from './receivers.js';
import { SERVICES, type World } from './world.js';

/** One large fault on average so often. */
const EVERY_MS: DurationMs = 16_000;

/** Makes the large faults: kills, pauses, outages. Everything is back within a minute. */
export class Disturber {
  constructor(
    private readonly world: World,
    private readonly cast: Cast,
    private readonly receivers: Receivers,
  ) {}

  start(): void {
    const { clock, rng, faults } = this.world;
    clock.after((rng.next() * 2 * EVERY_MS) / Math.sqrt(faults.severity), () => {
      if (!faults.active) return;
      this.disturb();
      this.start();
    });
  }

  /** All is well again: what stands still goes on, what is away comes back. */
  end(): void {
    const { world, cast, receivers } = this;
    world.faults.end();
    world.bus.comeBack();
    receivers.comeBack();
    for (const name of SERVICES) world.databases[name].comeBack();
    for (const { machine } of [...servicesOf(cast), ...cast.workers.map(({ service }) => service)]) machine.resume();
  }

  private disturb(): void {
    const { faults } = this.world;
    const [kind, fault] = this.pick(this.repertoire());
    faults.note(kind);
    fault();
  }

  private repertoire(): readonly (readonly [FaultKind, () => void])[] {
    const { world, receivers } = this;
    const machine = () => this.pick(servicesOf(this.cast)).machine;
    const worker = (): WorkerService => this.pick(this.cast.workers);
    return [
      ['service killed', () => machine().kill()],
      ['service killed', () => machine().kill()],
      ['service paused', () => machine().pause(this.between(500, 40_000))],
      ['worker killed', () => worker().service.machine.kill()],
      ['worker killed, disk lost', () => worker().service.machine.kill('lost')],
      ['worker paused', () => worker().service.machine.pause(this.between(5_000, 70_000))],
      ['worker asked to leave', () => void worker().service.parts?.stop()],
      ['broker away', () => world.bus.goAway(this.between(500, 30_000))],
      ['database restarted', () => world.databases[this.pick(SERVICES)].restart(this.between(200, 10_000))],
      ['receiver away', () => receivers.goAway(this.between(1_000, 60_000))],
    ];
  }

  private pick<Item>(items: readonly Item[]): Item {
    const item = items[Math.floor(this.world.rng.next() * items.length)];
    if (item === undefined) throw new RangeError('nothing to pick from');
    return item;
  }

  private between(low: number, high: number): number {
    return Math.floor(low + this.world.rng.next() * (high - low));
  }
}
