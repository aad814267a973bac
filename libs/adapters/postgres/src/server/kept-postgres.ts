import { backoffMs, messageOf, silentLogger, sleep, systemClock, systemRng } from '@millrace/kernel';
import {
  startEmbeddedPostgres,
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  type EmbeddedServer,
} from './embedded-postgres.js';

/** The children of a killed server hold its memory for a moment: the first tries may be refused. */
const RESTART = { initialMs: 200, maxMs: 10_000, factor: 2, jitter: 0.2 };
const RESTART_ATTEMPTS_MAX = 60;

/**
 * An embedded server that is started again, on the same port and data, whenever it ends by itself (P22). Between its
 * end and its return clients are refused, as with any restart of a database.
 */
export async function startKeptPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres(options);
  const keeper = new Keeper(server, { ...options, port: Number(new URL(server.url).port) });
  void keeper.keep();
  return { url: server.url, stop: () => keeper.stop() };
}

class Keeper {
  private stopping = false;
  private restarting: Promise<void> = Promise.resolve();

  constructor(
    private server: EmbeddedServer,
    private readonly options: EmbeddedPostgresOptions,
  ) {}

  async keep(): Promise<void> {
    while (!this.stopping) {
      await this.server.lost;
      this.restarting = this.restart();
      await this.restarting;
    }
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.restarting;
    await this.server.stop();
  }

  private async restart(): Promise<void> {
    const logger = this.options.logger ?? silentLogger;
    for (let attempt = 1; !this.stopping; attempt++) {
      try {
        logger.warn('the database server ended: it is started again', { attempt });
        this.server = await startEmbeddedPostgres(this.options);
        return;
      } catch (error) {
        logger.error('the database server could not be started again', { attempt, error: messageOf(error) });
        if (attempt >= RESTART_ATTEMPTS_MAX) this.stopping = true;
        await sleep(systemClock, backoffMs(RESTART, attempt, this.options.rng ?? systemRng));
      }
    }
  }
}
