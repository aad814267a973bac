import { keyOf, type AttemptIdentity } from './assignment.js';
import type { LiveAttempt } from './live-attempt.js';

/** Attempts remembered after their end, so that an assignment sent again does not start them anew. */
const REMEMBERED_MAX = 10_000;

/** Which attempts this worker was given, and what became of them. */
export class AttemptRoster {
  private readonly live = new Map<string, LiveAttempt>();
  /** One for each slot and each GPU: with fewer slots than GPUs some stay free. Place `i` is on GPU `i mod gpus`. */
  private readonly places: (LiveAttempt | undefined)[];
  /** Ended, and the bus does not have the ending report yet: the lease is still kept alive. */
  private readonly unconfirmed = new Map<string, AttemptIdentity>();
  private readonly seen = new Set<string>();

  constructor(
    private readonly slots: number,
    private readonly gpus: number,
  ) {
    this.places = Array.from({ length: Math.max(slots, gpus) }, () => undefined);
  }

  /** Whether this lease was given before, in which case an assignment is a duplicate. Remembers it. */
  meet(identity: AttemptIdentity): 'new' | 'known' {
    const key = keyOf(identity);
    if (this.seen.has(key)) return 'known';
    this.seen.add(key);
    const [oldest] = this.seen;
    if (this.seen.size > REMEMBERED_MAX && oldest !== undefined) this.seen.delete(oldest);
    return 'new';
  }

  add(attempt: LiveAttempt): void {
    this.live.set(attempt.key, attempt);
  }

  find(identity: AttemptIdentity): LiveAttempt | undefined {
    return this.live.get(keyOf(identity));
  }

  all(): readonly LiveAttempt[] {
    return [...this.live.values()];
  }

  /**
   * The next attempt that waits, and the free slot it got; undefined when either is missing. A slot on the GPU that the
   * scheduler chose comes first, so that its time is counted there.
   */
  fillSlot(): { readonly attempt: LiveAttempt; readonly slot: number } | undefined {
    const attempt = this.all().find((candidate) => candidate.state === 'waiting' && !this.places.includes(candidate));
    const busy = this.places.filter((user) => user !== undefined).length;
    if (attempt === undefined || busy >= this.slots) return undefined;
    const chosen = new Set(attempt.assignment.devices);
    const free = this.places.flatMap((user, place) => (user === undefined ? [place] : []));
    const slot = free.find((place) => chosen.has(place % this.gpus)) ?? free[0];
    if (slot === undefined) return undefined;
    this.places[slot] = attempt;
    return { attempt, slot };
  }

  /** The attempt has ended. Its lease stays listed until `published` settles, but for an abandoned one. */
  end(attempt: LiveAttempt, published: Promise<void>): void {
    this.live.delete(attempt.key);
    const slot = this.places.indexOf(attempt);
    if (slot >= 0) this.places[slot] = undefined;
    if (attempt.state === 'abandoned') return;
    this.unconfirmed.set(attempt.key, attempt.assignment);
    void published.then(() => this.unconfirmed.delete(attempt.key));
  }

  /** The lease is another's now. */
  forget(identity: AttemptIdentity): void {
    this.unconfirmed.delete(keyOf(identity));
  }

  /** The leases a heartbeat renews: all but those of abandoned attempts. */
  leases(): readonly AttemptIdentity[] {
    const held = this.all().filter(({ interruption }) => interruption.requested?.kind !== 'abandon');
    return [...held.map(({ assignment }) => assignment), ...this.unconfirmed.values()].map(
      ({ taskId, attempt, epoch }) => ({ taskId, attempt, epoch }),
    );
  }
}
