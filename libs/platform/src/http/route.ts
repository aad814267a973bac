import {
  Delete,
  Get,
  HttpCode,
  Patch,
  Post,
  Put,
  SetMetadata,
  applyDecorators,
  createParamDecorator,
  type ExecutionContext,
} from '@nestjs/common';
import type { Principal, RouteDefinition, RouteInput } from '@millrace/contracts';
import type { FastifyRequest } from 'fastify';
import { parseInput } from './parse-input.js';

export const ROUTE_METADATA = 'millrace:route';

const VERBS = { GET: Get, POST: Post, DELETE: Delete, PUT: Put, PATCH: Patch } as const;

/** Binds a controller method to a route of the contracts: verb, path, status of success, and who may call it. */
export function Route(definition: RouteDefinition): MethodDecorator {
  const success =
    Object.keys(definition.responses)
      .map(Number)
      .find((status) => status < 300) ?? 200;
  return applyDecorators(
    VERBS[definition.method](toFastifyPath(definition.path)),
    HttpCode(success),
    SetMetadata(ROUTE_METADATA, definition),
  );
}

/** The parameter that takes the rest of a path: `{key+}`. Fastify calls it `*`. */
const REST_PARAMETER = /\{(\w+)\+\}/;

/** `/tasks/{id}` → `/tasks/:id`, `/objects/{key+}` → `/objects/*`. */
function toFastifyPath(path: string): string {
  return path.replace(REST_PARAMETER, '*').replaceAll(/\{(\w+)\}/g, ':$1');
}

/** The route a handler was bound to. */
export function routeOf(handler: object): RouteDefinition | undefined {
  return Reflect.getMetadata(ROUTE_METADATA, handler) as RouteDefinition | undefined;
}

/** The request's validated parts, as `RouteInput<typeof route>`. */
export const Input = createParamDecorator((_: unknown, context: ExecutionContext): RouteInput<RouteDefinition> => {
  const route = routeOf(context.getHandler());
  if (route === undefined) throw new Error(`@Input() on ${context.getHandler().name}, which has no @Route()`);
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  return parseInput(route, { ...pick(request), params: namedParams(route, request.params as Record<string, string>) });
});

function pick({ query, headers, body }: FastifyRequest): Pick<FastifyRequest, 'query' | 'headers' | 'body'> {
  return { query, headers, body };
}

function namedParams(route: RouteDefinition, { '*': rest, ...params }: Record<string, string>): Record<string, string> {
  const name = REST_PARAMETER.exec(route.path)?.[1];
  return name === undefined || rest === undefined ? params : { ...params, [name]: rest };
}

export interface AuthenticatedRequest extends FastifyRequest {
  principal?: Principal;
}

/** Who calls. Only on routes that are not public. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): Principal => {
  const { principal } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  if (principal === undefined) throw new Error(`@Caller() on ${context.getHandler().name}, which is public`);
  return principal;
});
