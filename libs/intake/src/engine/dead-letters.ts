import { AppError, type Clock, type DurationMs } from '@millrace/kernel';
import { isTruncated, needsPayload, type DeadLetter } from '../domain/dead-letter.js';
import type {
  DeadLetterCourier,
  DeadLetterFilter,
  DeadLetterPosition,
  DeadLetterStore,
} from './ports/dead-letter-store.port.js';

const STATE_OF = { redrive: 'redriven', skip: 'skipped' } as const;
export type DeadLetterDecision = keyof typeof STATE_OF;

/** As long as the topics they come from keep them. */
const KEPT_MS: DurationMs = 30 * 24 * 3_600_000;
const ROWS_MAX = 1000;
const ROUNDS_MAX = 100;
/** Records of one publish. */
const PUBLISH_MAX = 100;

export interface DeadLetterPage {
  readonly letters: readonly DeadLetter[];
  readonly next: DeadLetterPosition | undefined;
}

export interface BulkResult {
  /** Open ones that the filter chooses. */
  readonly matched: number;
  readonly letters: readonly DeadLetter[];
}

/**
 * What consumers could not apply, and what an operator decides about it. The group is told before the row is marked:
 * after a crash between the two the letter is open still, and deciding again is harmless.
 */
export class DeadLetters {
  constructor(
    private readonly store: DeadLetterStore,
    private readonly courier: DeadLetterCourier,
    private readonly clock: Clock,
  ) {}

  record(letters: readonly DeadLetter[]): Promise<void> {
    return this.store.record(letters);
  }

  /** Error: `dead_letter_not_found`. */
  async one(id: string): Promise<DeadLetter> {
    const letter = await this.store.find(id);
    if (letter === undefined) throw notFound();
    return letter;
  }

  /** Newest first. */
  async page(
    filter: DeadLetterFilter,
    page: { readonly limit: number; readonly after?: DeadLetterPosition },
  ): Promise<DeadLetterPage> {
    const found = await this.store.list(filter, { order: 'newest', ...page, limit: page.limit + 1 });
    const letters = found.slice(0, page.limit);
    const last = letters.at(-1);
    const more = found.length > page.limit && last !== undefined;
    return { letters, next: more ? { createdAt: last.createdAt, id: last.id } : undefined };
  }

  /** Errors: `dead_letter_not_found`, `dead_letter_resolved`, `dead_letter_truncated`. */
  async resolve(id: string, decision: DeadLetterDecision, by: string): Promise<DeadLetter> {
    const letter = await this.one(id);
    if (letter.state !== 'open') throw resolvedBefore(letter);
    if (decision === 'redrive' && !canRedrive(letter)) throw truncated();
    await this.decide([letter], decision, by);
    return this.one(id);
  }

  /** Decides about the oldest open ones that the filter chooses, at most `limit`; a dry run only tells which. */
  async resolveAll(
    filter: Omit<DeadLetterFilter, 'state'>,
    decision: DeadLetterDecision,
    options: { readonly limit: number; readonly dryRun: boolean; readonly by: string },
  ): Promise<BulkResult> {
    const open = { ...filter, state: 'open' } as const;
    const matched = await this.store.count(open);
    const found = await this.store.list(open, { order: 'oldest', limit: options.limit });
    const letters = decision === 'skip' ? found : found.filter(canRedrive);
    if (!options.dryRun) await this.decide(letters, decision, options.by);
    return { matched, letters };
  }

  /** Removes what the topics have forgotten too. Returns how many. */
  async forgetOld(): Promise<number> {
    let removed = 0;
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const count = await this.store.deleteBefore(this.clock.now() - KEPT_MS, ROWS_MAX);
      removed += count;
      if (count < ROWS_MAX) break;
    }
    return removed;
  }

  private async decide(letters: readonly DeadLetter[], decision: DeadLetterDecision, by: string): Promise<void> {
    for (let start = 0; start < letters.length; start += PUBLISH_MAX) {
      const batch = letters.slice(start, start + PUBLISH_MAX);
      // To skip what blocks nothing, nobody need be told.
      const told = decision === 'redrive' ? batch : batch.filter(({ blocksKey }) => blocksKey);
      if (told.length > 0) await this.courier.tell(told, decision);
      const ids = batch.map(({ id }) => id);
      await this.store.markResolved(ids, { state: STATE_OF[decision], by, at: this.clock.now() });
    }
  }
}

function canRedrive(letter: DeadLetter): boolean {
  return !(isTruncated(letter) && needsPayload(letter));
}

function notFound(): AppError {
  return new AppError({
    kind: 'not-found',
    code: 'dead_letter_not_found',
    message: 'There is no dead letter with this id: check it against the list; they are kept for 30 days.',
  });
}

function resolvedBefore({ state }: DeadLetter): AppError {
  return new AppError({
    kind: 'conflict',
    code: 'dead_letter_resolved',
    message: `This dead letter was ${state} before; if its record fails again, it is opened again.`,
  });
}

function truncated(): AppError {
  return new AppError({
    kind: 'conflict',
    code: 'dead_letter_truncated',
    message: 'The record is too large to be kept whole, so it can not be redriven from here: skip it.',
  });
}
