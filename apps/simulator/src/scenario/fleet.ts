import { seededRng, type Rng } from '@millrace/kernel';
import { freeDevices } from './device-holds.js';
import { draw } from './distribution.js';
import type { EventHeap } from './event-heap.js';
import type { PoolSpec, Scenario } from './scenario.js';
import { addTo, type Tallies } from './tallies.js';
import type { SimulatedAttempt, SimulatedWorker, WorkerPhase } from './world.js';

/** What the fleet tells of its workers. */
export interface FleetListener {
  /** The scheduler should look again: capacity came or went. */
  capacityChanged(): void;
  /** The worker ended or fell silent with this in hand. */
  attemptStranded(attempt: SimulatedAttempt): void;
}

const STREAM_PRIME = 7_919;

/** The workers of all pools: launched, booted, interrupted, killed, drained, launched again. */
export class Fleet {
  readonly workers: SimulatedWorker[] = [];
  private readonly draining = new Set<string>();
  private readonly rngs: ReadonlyMap<string, Rng>;
  private launches = 0;

  constructor(
    private readonly scenario: Scenario,
    private readonly heap: EventHeap,
    private readonly tallies: Tallies,
    private readonly listener: FleetListener,
  ) {
    // One stream a pool: what happens to one changes nothing in another.
    this.rngs = new Map(
      scenario.pools.map(({ name }, index) => [name, seededRng(scenario.seed * STREAM_PRIME + index + 1)]),
    );
  }

  /** Launches every pool, ready at once, and plans prices and faults. */
  start(): void {
    for (const pool of this.scenario.pools) {
      for (let number = 0; number < pool.workers; number++) this.ready(this.launch(pool, number), number);
      for (const { atMs } of pool.prices.slice(1)) this.heap.at(atMs, () => this.reprice(pool));
      this.reprice(pool);
    }
    for (const fault of this.scenario.faults) {
      const pool = this.scenario.pools.find(({ name }) => name === fault.pool);
      if (pool === undefined) continue;
      if (fault.kind === 'workers_die') this.heap.at(fault.atMs, () => this.killWorkers(pool, fault.count));
      else {
        this.heap.at(fault.atMs, () => this.drainPool(pool));
        if (fault.untilMs < Infinity) this.heap.at(fault.untilMs, () => this.resumePool(pool));
      }
    }
  }

  /** A worker that drains ends when its last attempt has. */
  attemptLeft(worker: SimulatedWorker): void {
    if (worker.phase === 'draining' && worker.attempts.size === 0) this.end(worker);
  }

  private launch(pool: PoolSpec, number: number): SimulatedWorker {
    this.launches += 1;
    this.tallies.advance(this.heap.nowMs);
    const worker: SimulatedWorker = {
      pool,
      workerId: `${pool.name}-${number.toString().padStart(4, '0')}`,
      incarnation: incarnationOf(this.launches),
      rack: `${pool.zone}/rack-${Math.floor((number * pool.racks) / pool.workers)}`,
      phase: 'booting',
      seemsAlive: true,
      devices: freeDevices(pool),
      freeCpuMilli: pool.cpuMilli ?? Infinity,
      freeRamMiB: pool.ramMiB ?? Infinity,
      loadedModel: undefined,
      lastTaskType: undefined,
      attempts: new Set(),
    };
    this.workers.push(worker);
    this.countPhase(worker, 1);
    return worker;
  }

  /** Boots another worker in the place of one that is gone, unless there is one already. */
  private relaunch(pool: PoolSpec, number: number): void {
    const held = (worker: SimulatedWorker): boolean =>
      worker.pool === pool && numberOf(worker) === number && (worker.phase === 'ready' || worker.phase === 'booting');
    if (this.draining.has(pool.name) || this.workers.some(held)) return;
    const worker = this.launch(pool, number);
    this.reprice(pool);
    this.heap.after(draw(pool.boot, this.rngOf(pool)), () => this.ready(worker, number));
  }

  private ready(worker: SimulatedWorker, number: number): void {
    if (worker.phase !== 'booting') return;
    this.enter(worker, 'ready');
    this.listener.capacityChanged();
    const { interruptions } = worker.pool;
    if (interruptions === undefined) return;
    const lifeMs = draw(interruptions.life, this.rngOf(worker.pool));
    this.heap.after(Math.max(0, lifeMs - interruptions.noticeMs), () => this.notice(worker, number));
  }

  /** Spot capacity is taken back: first the notice, then the end, whatever runs. */
  private notice(worker: SimulatedWorker, number: number): void {
    if (worker.phase !== 'ready') return;
    this.tallies.interruptions += 1;
    this.enter(worker, 'draining');
    this.listener.capacityChanged();
    this.heap.after(worker.pool.interruptions?.noticeMs ?? 0, () => {
      if (worker.phase === 'draining') this.end(worker);
      this.relaunch(worker.pool, number);
    });
  }

  private killWorkers(pool: PoolSpec, count: number): void {
    const victims = this.workers.filter((worker) => worker.pool === pool && worker.phase === 'ready').slice(0, count);
    for (const worker of victims) {
      this.tallies.workersLost += 1;
      this.enter(worker, 'dead');
      for (const attempt of worker.attempts) this.listener.attemptStranded(attempt);
      this.heap.after(this.scenario.silentMs, () => {
        worker.seemsAlive = false;
        this.workers.splice(this.workers.indexOf(worker), 1);
        this.listener.capacityChanged();
      });
      this.relaunch(pool, numberOf(worker));
    }
    this.reprice(pool);
  }

  private drainPool(pool: PoolSpec): void {
    this.draining.add(pool.name);
    for (const worker of this.workers.filter((one) => one.pool === pool)) {
      if (worker.phase === 'booting') this.end(worker);
      if (worker.phase !== 'ready') continue;
      this.enter(worker, 'draining');
      if (worker.attempts.size === 0) this.end(worker);
    }
    this.listener.capacityChanged();
  }

  private resumePool(pool: PoolSpec): void {
    this.draining.delete(pool.name);
    for (let number = 0; number < pool.workers; number++) this.relaunch(pool, number);
  }

  private end(worker: SimulatedWorker): void {
    this.enter(worker, 'gone');
    worker.seemsAlive = false;
    for (const attempt of worker.attempts) this.listener.attemptStranded(attempt);
    this.workers.splice(this.workers.indexOf(worker), 1);
    this.reprice(worker.pool);
    this.listener.capacityChanged();
  }

  private enter(worker: SimulatedWorker, phase: WorkerPhase): void {
    this.tallies.advance(this.heap.nowMs);
    this.countPhase(worker, -1);
    worker.phase = phase;
    this.countPhase(worker, 1);
  }

  private countPhase({ phase, pool }: SimulatedWorker, sign: 1 | -1): void {
    const { gauges, poolReadyGpus } = this.tallies;
    if (phase === 'booting') gauges.bootingGpus += sign * pool.gpus;
    if (phase !== 'ready' && phase !== 'draining') return;
    gauges.readyGpus += sign * pool.gpus;
    addTo(poolReadyGpus, pool.name, sign * pool.gpus);
  }

  /** What the pool's workers cost an hour from now on. A dead one costs nothing: its machine is gone. */
  private reprice(pool: PoolSpec): void {
    const { tallies, heap } = this;
    tallies.advance(heap.nowMs);
    const price = pool.prices.findLast(({ atMs }) => atMs <= heap.nowMs)?.usdPerGpuHour ?? 0;
    const paid = this.workers.filter((worker) => worker.pool === pool && worker.phase !== 'dead').length;
    tallies.gauges.usdPerHour -= tallies.poolUsdPerHour.get(pool.name) ?? 0;
    tallies.poolUsdPerHour.set(pool.name, paid * pool.gpus * price);
    tallies.gauges.usdPerHour += tallies.poolUsdPerHour.get(pool.name) ?? 0;
  }

  private rngOf(pool: PoolSpec): Rng {
    return this.rngs.get(pool.name) ?? seededRng(this.scenario.seed);
  }
}

function numberOf({ workerId }: SimulatedWorker): number {
  return Number(workerId.slice(workerId.lastIndexOf('-') + 1));
}

function incarnationOf(launch: number): string {
  return `00000000-0000-7000-9000-${launch.toString(16).padStart(12, '0')}`;
}
