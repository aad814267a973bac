import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Principal } from '@millrace/contracts';
import { AppError, type Clock } from '@millrace/kernel';
import type { Authenticator } from './authenticator.port.js';

/** How long a forwarded principal counts: long enough for one call. */
const TOKEN_LIFETIME_MS = 60_000;
const SCHEME = 'Principal ';

/** The `Authorization` header by which the gateway tells another service who calls. */
export function principalHeader(principal: Principal, key: string, clock: Clock): string {
  const claims = JSON.stringify({ principal, expiresAt: clock.now() + TOKEN_LIFETIME_MS });
  const payload = Buffer.from(claims).toString('base64url');
  return `${SCHEME}${payload}.${signature(payload, key)}`;
}

/** Accepts what `principalHeader` made with the same key. */
export function createPrincipalAuthenticator(key: string, clock: Clock): Authenticator {
  return {
    authenticate: async (authorization) => {
      const [payload, given] = (authorization?.startsWith(SCHEME) ? authorization.slice(SCHEME.length) : '').split('.');
      if (!payload || !given || !equal(given, signature(payload, key))) throw refused();
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as {
        principal: Principal;
        expiresAt: number;
      };
      if (claims.expiresAt < clock.now()) throw refused();
      return claims.principal;
    },
  };
}

function signature(payload: string, key: string): string {
  return createHmac('sha256', key).update(payload).digest('base64url');
}

function equal(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

function refused(): AppError {
  return new AppError({
    kind: 'unauthorized',
    code: 'api_key_invalid',
    message: 'This service answers to the gateway only: call the same path there with your API key.',
  });
}
