import { describe, expect, it } from '@jest/globals';
import { seededRng } from '@millrace/kernel';
import { ToldEstimates } from './told-estimates.js';

const within = (p90Seconds: number) => ({ plainSeconds: 10, p90Seconds });

describe('estimates that were told', () => {
  it('are kept up to their p90, and late after it', () => {
    const told = new ToldEstimates();
    told.tell('a', 100, within(30));
    told.tell('b', 100, within(30));
    expect(told.completed('a', 130)).toBe('within');
    expect(told.completed('b', 130.1)).toBe('late');
    expect(told.completed('a', 130)).toBeUndefined();
  });

  it('count as they were told first', () => {
    const told = new ToldEstimates();
    told.tell('a', 100, within(30));
    told.tell('a', 120, within(300));
    expect(told.completed('a', 140)).toBe('late');
  });

  it('teach that they are late as soon as they are, and once', () => {
    const told = new ToldEstimates();
    told.tell('a', 100, within(30));
    told.overdue(130);
    expect(told.record.width).toBe(1);
    told.overdue(131);
    const wider = told.record.width;
    expect(wider).toBeGreaterThan(1);
    told.overdue(132);
    expect(told.completed('a', 200)).toBe('late');
    expect(told.record.width).toBe(wider);
  });

  it('teach nothing of tasks that ended otherwise, or that another leader told', () => {
    const told = new ToldEstimates();
    told.tell('a', 100, within(30));
    told.forget('a');
    told.tell('b', 100, within(30));
    told.clear();
    told.overdue(1_000);
    expect([told.completed('a', 1_000), told.completed('b', 1_000)]).toEqual([undefined, undefined]);
    expect(told.record.width).toBe(1);
  });

  it('are 10,000 at most: with more that wait, the first are kept, and no late one is told anew', () => {
    const told = new ToldEstimates();
    const ids = Array.from({ length: 12_000 }, (_, n) => `task-${n}`);
    const publish = (atSeconds: number): number => {
      told.overdue(atSeconds);
      return ids.filter((id) => told.tell(id, atSeconds, within(30))).length;
    };
    expect(publish(100)).toBe(10_000);
    expect(publish(131)).toBe(0);
    const wide = told.record.width;
    expect(wide).toBeGreaterThan(1);
    // All that are kept are known to be late: neither a publication nor their ends say it again.
    expect(publish(200)).toBe(0);
    expect(told.completed('task-0', 210)).toBe('late');
    expect(told.completed('task-11000', 210)).toBeUndefined();
    expect(told.record.width).toBe(wide);
    expect(publish(220)).toBe(1);
  });

  it('give up their place a day after their p90: nothing was heard of their tasks', () => {
    const told = new ToldEstimates();
    told.tell('gone', 100, within(30));
    told.overdue(130 + 86_400);
    expect(told.tell('gone', 100, within(30))).toBe(false);
    told.overdue(131 + 86_400);
    expect(told.completed('gone', 90_000)).toBeUndefined();
    expect(told.tell('gone', 90_000, within(30))).toBe(true);
  });

  it('nine of ten tasks are within, also while a queue grows that the outcomes know nothing of yet', () => {
    const rng = seededRng(11);
    const told = new ToldEstimates();
    const open: { readonly id: string; readonly endSeconds: number }[] = [];
    const verdicts: string[] = [];
    // Every ten seconds one comes; how long they take swings between one and four times what is foretold.
    for (let n = 0; n < 6_000; n++) {
      const now = 10 * n;
      for (const { id, endSeconds } of open.filter((task) => task.endSeconds <= now)) {
        verdicts.push(told.completed(id, endSeconds) ?? '');
      }
      open.splice(0, open.length, ...open.filter(({ endSeconds }) => endSeconds > now));
      told.overdue(now);
      const plainSeconds = 300;
      const p50 = plainSeconds * (told.record.factor(0.5) ?? 1);
      const late = Math.max(p50, plainSeconds * (told.record.factor(0.9) ?? 1.5));
      told.tell(`task-${n}`, now, { plainSeconds, p90Seconds: p50 + (late - p50) * told.record.width });
      const swing = 2.5 - 1.5 * Math.cos(n / 300);
      open.push({ id: `task-${n}`, endSeconds: now + plainSeconds * swing * (0.7 + 0.6 * rng.next()) });
    }
    const share = verdicts.filter((verdict) => verdict === 'within').length / verdicts.length;
    expect(share).toBeGreaterThan(0.885);
    expect(share).toBeLessThan(0.925);
  });
});
