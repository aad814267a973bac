import type { Cancellation, Observation, Submission } from '@millrace/checker';
import { sleep, type DurationMs, type TaskId, type TenantId } from '@millrace/kernel';
import { traceIdOf } from '@millrace/messaging/ports';
import type { Gateway } from '../services/gateway.js';
import type { Cast } from './cast.js';
import { callbackUrlOf } from './receivers.js';
import type { World } from './world.js';

export const TENANTS = ['acme', 'globex', 'initech'] as const;
/** A client asks again, with the same key, when it has no answer by then. */
const ANSWER_WAIT_MS: DurationMs = 10_000;
const RETRY_MS: DurationMs = 2_000;

interface ClientTask {
  readonly tenantId: string;
  readonly key: string;
  readonly acceptedIds: string[];
  readonly traceIds: string[];
}

/** The clients of three tenants: they submit, ask, cancel, ask for what is not theirs, and write down each answer. */
export class Clients {
  private readonly tasks: ClientTask[] = [];
  readonly cancellations: Cancellation[] = [];
  readonly observations: Observation[] = [];
  private busy = 0;

  constructor(
    private readonly world: World,
    private readonly cast: Cast,
  ) {}

  /** Submits so many tasks, at random times within `withinMs`. */
  start(tasks: number, withinMs: DurationMs): void {
    const { clock, rng } = this.world;
    for (let number = 0; number < tasks; number++) {
      const tenantId = TENANTS[number % TENANTS.length] ?? TENANTS[0];
      this.busy += 1;
      clock.after(rng.next() * withinMs, () => {
        void this.live(tenantId, `key-${number}`).finally(() => (this.busy -= 1));
      });
    }
  }

  /** Whether each client has had its answers. */
  areDone(): boolean {
    return this.busy === 0;
  }

  submissions(): readonly Submission[] {
    return this.tasks.map(({ key, ...task }) => ({ ...task, idempotencyKey: key }));
  }

  acceptedIds(): readonly string[] {
    return this.tasks.flatMap(({ acceptedIds }) => acceptedIds.slice(0, 1));
  }

  /** Every client looks at its task once more, and every other tenant tries to. */
  async lookAtAll(): Promise<void> {
    for (const { tenantId, acceptedIds } of this.tasks) {
      const taskId = acceptedIds[0];
      if (taskId === undefined) continue;
      for (const asking of TENANTS) await this.observe(asking, taskId);
      await this.observe(tenantId, taskId);
    }
  }

  private async live(tenantId: string, key: string): Promise<void> {
    const { world } = this;
    const task: ClientTask = { tenantId, key, acceptedIds: [], traceIds: [] };
    this.tasks.push(task);
    const submit = this.submission(tenantId, key);
    await this.untilAnswered(async (gateway) => this.note(task, await submit(gateway)));
    // Some clients lose their answer and ask again.
    if (world.rng.next() < 0.2) await this.untilAnswered(async (gateway) => this.note(task, await submit(gateway)));
    const taskId = task.acceptedIds[0];
    if (taskId === undefined) return;
    if (world.rng.next() < 0.25) {
      await sleep(world.clock, world.rng.next() * 120_000);
      await this.cancel(tenantId, taskId);
    }
    await sleep(world.clock, world.rng.next() * 60_000);
    await this.observe(TENANTS[Math.floor(world.rng.next() * TENANTS.length)] ?? TENANTS[0], taskId);
    await this.observe(tenantId, taskId);
  }

  private submission(tenantId: string, key: string) {
    const { rng } = this.world;
    const request = {
      taskType: 'noop',
      priority: rng.next() < 0.3 ? -1 : 0,
      input: {},
      resolution: null,
      parameters: { steps: 2 + Math.floor(rng.next() * 60), seed: Math.floor(rng.next() * 1_000_000) },
      callbackUrl: rng.next() < 0.85 ? callbackUrlOf(tenantId) : null,
      metadata: {},
    };
    const caller = { tenantId, keyId: 'key', scopes: ['tasks:write' as const], interactive: false };
    return ({ accept }: Gateway) => accept.execute([{ caller, request, idempotencyKey: key }]);
  }

  private note(task: ClientTask, outcomes: Awaited<ReturnType<Gateway['accept']['execute']>>): void {
    for (const outcome of outcomes) {
      if (outcome.kind === 'refused') continue;
      task.acceptedIds.push(outcome.task.taskId);
      task.traceIds.push(traceIdOf(outcome.task.traceparent ?? undefined) ?? 'none');
    }
  }

  private async cancel(tenantId: string, taskId: string): Promise<void> {
    await this.untilAnswered(async ({ cancel }) => {
      const [outcome] = await cancel.execute(tenantId as TenantId, [taskId as TaskId]);
      if (outcome?.kind !== 'requested') return;
      this.cancellations.push({ tenantId, taskId, acknowledgedAtMs: this.world.clock.now() });
    });
  }

  private async observe(tenantId: string, taskId: string): Promise<void> {
    await this.untilAnswered(async ({ reader }) => {
      const view = await reader.find(tenantId as TenantId, taskId as TaskId);
      this.observations.push({ tenantId, taskId, status: view?.state ?? 'not_found' });
    });
  }

  /** Asks until an answer comes. An error, a time-out and a gateway that is not there are the same to a client. */
  private async untilAnswered(ask: (gateway: Gateway) => Promise<void>): Promise<void> {
    for (;;) {
      const { parts, machine } = this.cast.gateway;
      const answered =
        parts === undefined
          ? Promise.resolve(false)
          : machine
              .call(() => ask(parts))
              .then(
                () => true,
                () => false,
              );
      const inTime = sleep(this.world.clock, ANSWER_WAIT_MS).then(() => 'late' as const);
      const outcome = await Promise.race([answered, inTime]);
      if (outcome === 'late') this.world.faults.note('client gave up waiting');
      if (outcome === true) return;
      await sleep(this.world.clock, RETRY_MS);
    }
  }
}
