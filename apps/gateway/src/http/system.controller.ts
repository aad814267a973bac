import { Controller, Inject } from '@nestjs/common';
import {
  getAsyncApi,
  getHealth,
  getLive,
  getMetrics,
  getOpenApi,
  getReady,
  type HealthAnswer,
} from '@millrace/contracts';
import { buildAsyncApi, buildOpenApi } from '@millrace/contracts/documents';
import { HealthRegistry, METRICS, Route, reply, type Reply } from '@millrace/platform';
import type { Registry } from 'prom-client';
import type { Gateway } from '../gateway.js';
import { GATEWAY } from '../tokens.js';

/** The contracts change with a release only. */
const DOCUMENT_HEADERS = { 'Cache-Control': 'public, max-age=300' };

@Controller()
export class SystemController {
  private readonly openApi: object;
  private readonly asyncApi = buildAsyncApi();

  constructor(
    @Inject(HealthRegistry) private readonly health: HealthRegistry,
    @Inject(METRICS) private readonly metrics: Registry,
    @Inject(GATEWAY) { options }: Gateway,
  ) {
    this.openApi = buildOpenApi(options.publicUrl === undefined ? {} : { serverUrl: options.publicUrl });
  }

  @Route(getLive)
  live(): HealthAnswer {
    return { status: 'ok' };
  }

  @Route(getReady)
  ready(): Promise<Reply> {
    return this.report();
  }

  @Route(getHealth)
  healthCheck(): Promise<Reply> {
    return this.report();
  }

  @Route(getMetrics)
  async metricsText(): Promise<Reply> {
    return reply(200, await this.metrics.metrics(), { 'Content-Type': this.metrics.contentType });
  }

  @Route(getOpenApi)
  openApiDocument(): Reply {
    return reply(200, this.openApi, DOCUMENT_HEADERS);
  }

  @Route(getAsyncApi)
  asyncApiDocument(): Reply {
    return reply(200, this.asyncApi, DOCUMENT_HEADERS);
  }

  /** Says which part fails, not why: the reason is in the log and on the internal port. */
  private async report(): Promise<Reply> {
    const { ready, checks } = await this.health.report();
    const brief = Object.fromEntries(Object.entries(checks).map(([name, { ok }]) => [name, { ok }]));
    const body: HealthAnswer = { status: ready ? 'ok' : 'unavailable', checks: brief };
    return reply(ready ? 200 : 503, body, { 'Cache-Control': 'no-store' });
  }
}
