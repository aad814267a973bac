import type { Episode } from './simulate.js';

/** What was simulated, as lines for a person. */
export function summarise(episodes: readonly Episode[], tookMs: number): string {
  const sum = (of: (episode: Episode) => number): number => episodes.reduce((total, each) => total + of(each), 0);
  const minutes = tookMs / 60_000;
  const steps = sum(({ steps: each }) => each);
  const ends = Map.groupBy(
    episodes.flatMap(({ history }) => history.gatewayTasks),
    ({ state }) => state,
  );
  const faults = new Map<string, number>();
  for (const [kind, count] of episodes.flatMap((each) => [...each.faults])) {
    faults.set(kind, (faults.get(kind) ?? 0) + count);
  }
  return [
    `${episodes.length} episodes, ${sum(({ history }) => history.gatewayTasks.length)} tasks, ` +
      `${(sum(({ virtualMs }) => virtualMs) / 3_600_000).toFixed(1)} virtual hours in ${minutes.toFixed(2)} minutes`,
    `${steps} steps, ${Math.round(steps / minutes)} a minute`,
    `Ended: ${[...ends].map(([state, tasks]) => `${tasks.length} ${state}`).join(', ')}`,
    `Faults: ${[...faults].map(([kind, count]) => `${count} ${kind}`).join(', ')}`,
  ].join('\n');
}
