import { Injectable, RequestMethod, type OnModuleInit } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import type { RouteDefinition } from '@millrace/contracts';
import { routeOf } from './route.js';

interface CompiledRoute {
  readonly definition: RouteDefinition;
  readonly pattern: RegExp;
}

/** Every route of this process. A controller method without a contract ends the start: access is denied by default. */
@Injectable()
export class RouteInventory implements OnModuleInit {
  private routes: readonly CompiledRoute[] = [];

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
  ) {}

  onModuleInit(): void {
    this.routes = this.discovery.getControllers().flatMap((wrapper) => {
      const prototype = wrapper.metatype?.prototype as Record<string, object> | undefined;
      if (prototype === undefined) return [];
      return this.scanner
        .getAllMethodNames(prototype)
        .flatMap((name) => compile(`${wrapper.name}.${name}`, prototype[name]));
    });
  }

  /** Methods that a path takes; empty for an unknown path. */
  methodsOf(path: string): readonly string[] {
    return [
      ...new Set(this.routes.filter((route) => route.pattern.test(path)).map((route) => route.definition.method)),
    ];
  }

  definitions(): readonly RouteDefinition[] {
    return this.routes.map((route) => route.definition);
  }
}

function compile(name: string, handler: object | undefined): CompiledRoute[] {
  if (handler === undefined || Reflect.getMetadata(PATH_METADATA, handler) === undefined) return [];
  const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined;
  if (method === undefined) return [];
  const definition = routeOf(handler);
  if (definition === undefined) throw new Error(`${name} answers HTTP without a contract: bind it with @Route(…)`);
  const source = definition.path.replaceAll(/\{\w+\+\}/g, '.+').replaceAll(/\{\w+\}/g, '[^/]+');
  return [{ definition, pattern: new RegExp(`^${source}$`) }];
}
