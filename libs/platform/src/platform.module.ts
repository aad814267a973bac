import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, DiscoveryModule } from '@nestjs/core';
import type { EventStamper } from '@millrace/messaging';
import type { EventPublisher } from '@millrace/messaging/ports';
import { EventTransport } from './events/event-transport.js';
import { HealthRegistry } from './health/health-registry.js';
import { AccessGuard } from './http/access.guard.js';
import type { Authenticator } from './http/authenticator.port.js';
import { ProblemFilter } from './http/problem.filter.js';
import { ReplyInterceptor } from './http/reply.interceptor.js';
import { RouteInventory } from './http/route-inventory.js';
import type { HostParts } from './service/host-parts.js';
import {
  AUTHENTICATOR,
  CLOCK,
  EVENT_BUS,
  EVENT_PUBLISHER,
  EVENT_STAMPER,
  IDS,
  LOGGER,
  METRICS,
  RNG,
  TRACER,
} from './tokens.js';

export interface PlatformProviders extends HostParts {
  readonly stamper: EventStamper;
  readonly publisher: EventPublisher;
  readonly transport: EventTransport;
  readonly authenticator: Authenticator;
}

/** Gives every module of a service the clock, randomness, ids, log, tracer, metrics, health and the bus. */
@Module({})
export class PlatformModule {
  static with(parts: PlatformProviders): DynamicModule {
    const values: readonly (readonly [symbol | typeof HealthRegistry | typeof EventTransport, unknown])[] = [
      [CLOCK, parts.clock],
      [RNG, parts.rng],
      [IDS, parts.ids],
      [LOGGER, parts.logger],
      [TRACER, parts.tracer],
      [METRICS, parts.metrics],
      [EVENT_BUS, parts.bus],
      [EVENT_STAMPER, parts.stamper],
      [EVENT_PUBLISHER, parts.publisher],
      [AUTHENTICATOR, parts.authenticator],
      [HealthRegistry, parts.health],
      [EventTransport, parts.transport],
    ];
    const providers = values.map(([provide, useValue]) => ({ provide, useValue }));
    return {
      module: PlatformModule,
      global: true,
      imports: [DiscoveryModule],
      providers: [
        ...providers,
        RouteInventory,
        { provide: APP_GUARD, useClass: AccessGuard },
        { provide: APP_FILTER, useClass: ProblemFilter },
        { provide: APP_INTERCEPTOR, useClass: ReplyInterceptor },
      ],
      exports: [...providers.map(({ provide }) => provide), RouteInventory],
    };
  }
}
