import { sleep, systemClock, type Rng } from '@millrace/kernel';
import type { FaultTarget } from './fault-target.js';

export interface KillPlan {
  readonly kills: number;
  /** Between two kills the system has so long to be whole again, ms: drawn anew each time. */
  readonly pauseMs: { readonly min: number; readonly max: number };
  /** How long a victim stays away before it is started again, ms. */
  readonly awayMs: { readonly min: number; readonly max: number };
}

/** Kills random victims one after the other and starts each again. Resolves with the victims' names, in order. */
export async function killAtRandom(target: FaultTarget, plan: KillPlan, rng: Rng): Promise<readonly string[]> {
  const killed: string[] = [];
  const between = ({ min, max }: { readonly min: number; readonly max: number }): number =>
    min + rng.next() * (max - min);
  while (killed.length < plan.kills) {
    await sleep(systemClock, between(plan.pauseMs));
    const victim = target.victims[Math.floor(rng.next() * target.victims.length)] ?? '';
    await target.kill(victim);
    killed.push(victim);
    await sleep(systemClock, between(plan.awayMs));
    await target.start(victim);
  }
  return killed;
}
