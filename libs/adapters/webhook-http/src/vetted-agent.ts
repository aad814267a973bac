import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { AppError } from '@millrace/kernel';
import { checkIpAddress, type OutboundRules } from '@millrace/notifications';
import { Agent, buildConnector } from 'undici';

const CONNECT_TIMEOUT_MS = 10_000;
const CONNECTIONS_PER_ORIGIN = 10;

/** Resolves every address of a name. The system's resolver in production. */
export type ResolveAll = (hostname: string) => Promise<readonly LookupAddress[]>;

export const systemResolver: ResolveAll = (hostname) =>
  new Promise((resolve, reject) => {
    dnsLookup(hostname, { all: true, verbatim: true }, (error, addresses) =>
      error === null ? resolve(addresses) : reject(error),
    );
  });

/**
 * An HTTP client that connects to allowed addresses only (guarantees.md section 3): all addresses of a name are looked
 * up and vetted, the connection goes to a vetted one, and the socket's own remote address is checked again. That
 * closes the gap of a name that resolves differently the second time.
 */
export function createVettedAgent(rules: OutboundRules, resolve: ResolveAll = systemResolver): Agent {
  const connect = buildConnector({ lookup: vettedLookup(rules, resolve), timeout: CONNECT_TIMEOUT_MS, allowH2: false });
  return new Agent({
    connections: CONNECTIONS_PER_ORIGIN,
    connect: (options, callback) => {
      connect(options, (...result) => {
        const [error, socket] = result;
        if (error !== null) return callback(error, null);
        const verdict = checkIpAddress(socket.remoteAddress ?? '', rules);
        if (verdict.allowed) return callback(null, socket);
        socket.destroy();
        callback(addressRefused(verdict.reason), null);
      });
    },
  });
}

function vettedLookup(rules: OutboundRules, resolve: ResolveAll): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname).then(
      (addresses) => {
        const refused = addresses
          .map(({ address }) => checkIpAddress(address, rules))
          .find((verdict) => !verdict.allowed);
        const [first] = addresses;
        if (refused !== undefined && !refused.allowed)
          return callback(addressRefused(`${hostname}: ${refused.reason}`), '', 0);
        if (first === undefined) return callback(new Error(`${hostname} has no address`), '', 0);
        if (options.all === true) return callback(null, [...addresses]);
        callback(null, first.address, first.family);
      },
      (error: unknown) => callback(error as NodeJS.ErrnoException, '', 0),
    );
  };
}

export function addressRefused(reason: string): AppError {
  return new AppError({
    kind: 'validation',
    code: 'address_refused',
    message: `This address may not be called from here: ${reason}. Use a public https address.`,
  });
}
