import { CANCEL_GRACE_MS, checkHistory, type History, type Violation } from '@millrace/checker';
import type { DurationMs, Logger } from '@millrace/kernel';
import { gatherHistory } from './history/gather-history.js';
import type { Mutation } from './mutations.js';
import { startCast, type Cast } from './world/cast.js';
import { Clients } from './world/clients.js';
import { Disturber } from './world/disturber.js';
import type { FaultKind } from './world/faults.js';
import { Receivers } from './world/receivers.js';
import { SERVICES, World } from './world/world.js';

const MINUTE_MS: DurationMs = 60_000;
/** Faults last so long; clients submit in the first half. */
const FAULTS_MS = 8 * MINUTE_MS;
/** What is left may take so long to come to its end: the webhook schedule's fifth try comes after 2 h 35 min. */
const REST_LIMIT_MS = 6 * 60 * MINUTE_MS;
const TASKS = 30;

export interface EpisodeOptions {
  readonly seed: number;
  readonly mutation?: Mutation;
  readonly logger?: Logger;
}

export interface Episode {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly history: History;
  /** Timers fired. */
  readonly steps: number;
  readonly virtualMs: DurationMs;
  readonly faults: ReadonlyMap<FaultKind, number>;
}

/**
 * One life of a whole installation in virtual time: clients submit and cancel, everything fails now and then, then the
 * faults end, all comes to rest, and the checker looks at what is left. The same seed gives the same episode.
 */
export async function simulateEpisode(options: EpisodeOptions): Promise<Episode> {
  const world = new World(options);
  const receivers = new Receivers(world);
  const cast = startCast(world, receivers);
  const clients = new Clients(world, cast);
  const disturber = new Disturber(world, cast, receivers);
  // 1. Work under faults.
  clients.start(TASKS, FAULTS_MS / 2);
  disturber.start();
  await world.clock.run(FAULTS_MS);
  // 2. The faults end; everything that was accepted comes to its end.
  disturber.end();
  await world.clock.run(REST_LIMIT_MS, () => clients.areDone() && allEnded(world));
  // 3. The workers go home, so that their instances are closed; a killed one has come back and said what it knew.
  await world.clock.run(MINUTE_MS);
  await closeWorkers(world, cast);
  // 4. The last charge and the last webhook.
  await world.clock.run(REST_LIMIT_MS, () => isAtRest(world));
  await world.clock.run(2 * MINUTE_MS, () => false);
  let looked = false;
  void clients.lookAtAll().then(() => (looked = true));
  await world.clock.run(10 * MINUTE_MS, () => looked);
  const history = await gatherHistory(world, clients, receivers);
  return {
    seed: options.seed,
    violations: checkHistory(history, { cancelGraceMs: CANCEL_GRACE_MS }),
    history,
    steps: world.clock.steps,
    virtualMs: world.clock.monotonicMs(),
    faults: world.faults.injected(),
  };
}

function allEnded({ intake }: World): boolean {
  return [...intake.tasks.values()].every(({ end }) => end !== null);
}

async function closeWorkers(world: World, { workers }: Cast): Promise<void> {
  for (const { service } of workers) {
    service.retire();
    void service.parts?.stop();
  }
  await world.clock.run(5 * MINUTE_MS, () => workers.every(({ service }) => service.machine.isDead));
}

function isAtRest(world: World): boolean {
  const { intake, deliveries, databases, bus } = world;
  return (
    bus.lag() === 0 &&
    SERVICES.every((name) => databases[name].unpublishedRows() === 0) &&
    [...intake.tasks.values()].every(({ charge, attempts }) => charge !== null || attempts.length === 0) &&
    deliveries.pendingCount() === 0
  );
}
