import type { Clock, DurationMs } from '@millrace/kernel';
import type { UnitOfWork } from '@millrace/messaging/ports';
import type { IntakeScope } from './ports/intake-stores.port.js';

/** Idempotency keys are kept for 7 days (api.md section 4). */
export const IDEMPOTENCY_RETENTION_MS: DurationMs = 7 * 24 * 3_600_000;
const BATCH_MAX = 5000;
const BATCHES_MAX = 200;

/** Removes idempotency records past their time, in batches. */
export class ForgetOldKeys {
  constructor(
    private readonly unitOfWork: UnitOfWork<IntakeScope>,
    private readonly clock: Clock,
  ) {}

  /** How many were removed. */
  async execute(): Promise<number> {
    const before = this.clock.now() - IDEMPOTENCY_RETENTION_MS;
    let removed = 0;
    for (let batch = 0; batch < BATCHES_MAX; batch++) {
      const count = await this.unitOfWork.run((scope) => scope.idempotency.deleteBefore(before, BATCH_MAX));
      removed += count;
      if (count < BATCH_MAX) break;
    }
    return removed;
  }
}
