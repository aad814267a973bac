import type { z } from 'zod';

/** What a key may do. A route names exactly one, or is public. */
export const SCOPES = ['tasks:read', 'tasks:write', 'costs:read', 'webhooks:read', 'workers:read', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/** Who calls: taken from the API key by the gateway, and handed to other services as a short-lived signed token. */
export interface Principal {
  readonly tenantId: string;
  readonly keyId: string;
  readonly scopes: readonly Scope[];
  /** Priority 1 may be asked for. */
  readonly interactive: boolean;
}

export interface RouteResponse {
  readonly description: string;
  /** Absent: no body. */
  readonly schema?: z.ZodType;
  readonly mediaType?: string;
}

/** One operation of the HTTP API: what it takes, answers and demands. OpenAPI, guards and validation come from it. */
export interface RouteDefinition {
  readonly operationId: string;
  readonly method: 'GET' | 'POST' | 'DELETE' | 'PUT' | 'PATCH';
  /** With `{id}` for parameters, as in OpenAPI; `{key+}` takes the rest of the path, slashes included. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  /** The service that owns the resource. */
  readonly service: 'gateway' | 'scheduler' | 'billing' | 'notifier';
  readonly access: 'public' | Scope;
  /** Closed schemas: an unknown field is refused. */
  readonly request: {
    readonly params?: z.ZodType;
    readonly query?: z.ZodType;
    readonly headers?: z.ZodType;
    readonly body?: z.ZodType;
  };
  /** By status; problems are added to every route by the document generator. */
  readonly responses: Readonly<Record<number, RouteResponse>>;
}

type Part<
  Route extends RouteDefinition,
  Name extends 'params' | 'query' | 'headers' | 'body',
> = Route['request'][Name] extends z.ZodType ? z.output<Route['request'][Name]> : undefined;

/** The validated input of a route. */
export interface RouteInput<Route extends RouteDefinition> {
  readonly params: Part<Route, 'params'>;
  readonly query: Part<Route, 'query'>;
  readonly headers: Part<Route, 'headers'>;
  readonly body: Part<Route, 'body'>;
}

export function defineRoute<const Route extends RouteDefinition>(route: Route): Route {
  return route;
}
