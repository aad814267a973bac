import { invariant } from '@millrace/kernel';
import { inPrefix, parseIpAddress } from './ip-address.js';

/** Networks that nothing of ours may call: private, local, reserved, and ways around them (guarantees.md section 3). */
const REFUSED_NETWORKS = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16/32',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/128',
  '::1/128',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
  '::ffff:0:0/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '2002::/16',
  '2001:db8::/32',
  '2001::/32',
  '100::/64',
  '::/96',
].map((network) => {
  const [address = '', bits = ''] = network.split('/');
  const prefix = parseIpAddress(address);
  invariant(prefix !== undefined, `${network} is a network`);
  return { prefix, bits: Number(bits) };
});

const LOOPBACK_NETWORKS = [
  { prefix: Uint8Array.of(127, 0, 0, 0), bits: 8 },
  { prefix: Uint8Array.from({ length: 16 }, (_, index) => (index === 15 ? 1 : 0)), bits: 128 },
];

/** What may be called from here. The defaults of `STRICT_RULES` are for a deployment; a laptop allows loopback. */
export interface OutboundRules {
  /** 127/8 and ::1, by http as well; for tests and local installs. */
  readonly allowLoopback: boolean;
  readonly allowHttp: boolean;
  readonly ports: readonly number[];
}

export const STRICT_RULES: OutboundRules = { allowLoopback: false, allowHttp: false, ports: [443, 8443] };

export type AddressVerdict = { readonly allowed: true } | { readonly allowed: false; readonly reason: string };

const ALLOWED: AddressVerdict = { allowed: true };

/** Whether an address (a literal, or what a name resolved to) may be connected to. Unreadable ones may not. */
export function checkIpAddress(address: string, rules: OutboundRules): AddressVerdict {
  const bytes = parseIpAddress(address);
  if (bytes === undefined) return { allowed: false, reason: `${address} is no IP address` };
  if (rules.allowLoopback && isLoopback(bytes)) return ALLOWED;
  const refused = REFUSED_NETWORKS.some(({ prefix, bits }) => inPrefix(bytes, prefix, bits));
  return refused ? { allowed: false, reason: `${address} is not a public address` } : ALLOWED;
}

function isLoopback(bytes: Uint8Array): boolean {
  return LOOPBACK_NETWORKS.some(({ prefix, bits }) => inPrefix(bytes, prefix, bits));
}

/**
 * The check that needs no look-up: scheme, credentials, port, literal addresses. What it lets through is checked again
 * at connect time, with every address the name resolves to. `url` was parsed by the WHATWG URL class, which turns
 * forms like 0x7f.1 and 2130706433 into dotted quads.
 */
export function checkUrl(url: ParsedUrl, rules: OutboundRules): AddressVerdict {
  const host = url.hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
  const literal = parseIpAddress(host);
  const loopback =
    host === 'localhost' || host.endsWith('.localhost') || (literal !== undefined && isLoopback(literal));
  if (loopback) return rules.allowLoopback ? checkForm(url, true) : refuse('it points to this machine itself');
  if (literal !== undefined) return refuse('it names an IP address: use a host name');
  if (!host.includes('.')) return refuse('its host is not a public name');
  const form = checkForm(url, rules.allowHttp);
  if (!form.allowed) return form;
  const port = Number(url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : url.port);
  const known = rules.ports.includes(port) || (rules.allowHttp && port === 80);
  return known ? ALLOWED : refuse(`port ${port} is not allowed`);
}

/** The parts of a parsed URL that are looked at. */
export interface ParsedUrl {
  readonly protocol: string;
  readonly hostname: string;
  readonly port: string;
  readonly username: string;
  readonly password: string;
}

function checkForm(url: ParsedUrl, allowHttp: boolean): AddressVerdict {
  if (url.username !== '' || url.password !== '') return refuse('it holds credentials');
  if (url.protocol !== 'https:' && !(allowHttp && url.protocol === 'http:')) return refuse('only https is allowed');
  return ALLOWED;
}

function refuse(reason: string): AddressVerdict {
  return { allowed: false, reason };
}
