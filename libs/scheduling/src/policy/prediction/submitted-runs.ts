import { invariant } from '@millrace/kernel';
import { LengthTable } from './remaining-service.js';
import { RUNS_KEPT } from './run-window.js';

/** How far to either side a run looks; the nearer, the more a neighbour counts. */
const REACH = RUNS_KEPT / 2;
/** Ended runs that the past of all keys adds to the neighbours': enough to know of lengths none of them has reached. */
const PAST_RUNS = 5;
/** Runs kept of one key; ended ones beyond are dropped, the oldest first. */
const RUNS_OF_KEY_MAX = 20_000;

interface Run {
  readonly key: string;
  /** Its place among the runs of its key, in order of request. */
  place: number;
  seconds: number;
  ended: boolean;
}

/**
 * Length of runs that nothing about the request foretells (training jobs): tasks requested close to each other behave
 * alike, so a run is judged by the 200 of its key that were requested nearest to it, ended or not, by how long they have
 * lasted. Sees only what has happened.
 */
export class SubmittedRuns {
  private readonly runs = new Map<string, Run>();
  private readonly byKey = new Map<string, Run[]>();
  private readonly past = new LengthTable();
  private readonly table = new LengthTable();

  /** A task was requested; call in order of request. */
  submitted(id: string, key: string): void {
    invariant(!this.runs.has(id), `run ${id} is submitted once`);
    const ofKey = this.byKey.get(key) ?? [];
    const run: Run = { key, place: ofKey.length, seconds: 0, ended: false };
    ofKey.push(run);
    this.byKey.set(key, ofKey);
    this.runs.set(id, run);
    if (ofKey.length > RUNS_OF_KEY_MAX) this.trim(key, ofKey);
  }

  /** It has been served for so long in all. */
  reached(id: string, seconds: number): void {
    this.runOf(id).seconds = seconds;
  }

  /** It has ended, after so long in all. */
  ended(id: string, seconds: number): void {
    const run = this.runOf(id);
    run.seconds = seconds;
    run.ended = true;
    this.past.add(run);
    this.runs.delete(id);
  }

  /** Seconds of service that one completion costs from here on (see {@link LengthTable.rankAt}); the lower first. */
  rankOf(id: string): number {
    const run = this.runOf(id);
    const { table } = this;
    table.clear();
    for (const other of this.neighbours(run)) {
      if (other === run || (!other.ended && other.seconds === 0)) continue;
      table.add(other, 1 - Math.abs(other.place - run.place) / (REACH + 1));
    }
    table.addShare(this.past, PAST_RUNS);
    return table.rankAt(run.seconds);
  }

  private neighbours({ key, place }: Run): readonly Run[] {
    const ofKey = this.byKey.get(key) ?? [];
    return ofKey.slice(Math.max(0, place - REACH), place + REACH + 1);
  }

  private runOf(id: string): Run {
    const run = this.runs.get(id);
    invariant(run !== undefined, `run ${id} was submitted and has not ended`);
    return run;
  }

  private trim(key: string, ofKey: readonly Run[]): void {
    const kept = ofKey.filter((run, place) => !run.ended || place >= ofKey.length - RUNS_OF_KEY_MAX / 2);
    kept.forEach((run, place) => (run.place = place));
    this.byKey.set(key, kept);
  }
}
