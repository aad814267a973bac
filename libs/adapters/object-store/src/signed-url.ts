import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Instant } from '@millrace/kernel';

/** What a signed URL grants: reading one object until a second, under one file name. */
export interface UrlGrant {
  readonly key: string;
  /** Seconds since the epoch. */
  readonly expiresAtS: number;
  readonly downloadName?: string | undefined;
}

/** Query of a signed URL as a server got it; values that came twice or not at all are undefined. */
export interface SignedQuery {
  readonly expires?: string | undefined;
  readonly signature?: string | undefined;
  readonly download?: string | undefined;
}

/** `<publicUrl>/objects/<key>?expires=…&signature=…[&download=…]`, signed with HMAC-SHA-256. */
export function buildSignedUrl(publicUrl: string, grant: UrlGrant, signingKey: Uint8Array): string {
  const url = new URL(`${publicUrl.replace(/\/+$/, '')}/objects/${grant.key}`);
  url.searchParams.set('expires', String(grant.expiresAtS));
  url.searchParams.set('signature', signatureOf(grant, signingKey).toString('hex'));
  if (grant.downloadName !== undefined) url.searchParams.set('download', grant.downloadName);
  return url.href;
}

/** The grant of a URL, or undefined when it is tampered with, malformed or expired. Compares in constant time. */
export function verifySignedUrl(
  key: string,
  query: SignedQuery,
  signingKey: Uint8Array,
  now: Instant,
): UrlGrant | undefined {
  if (!/^\d{1,12}$/.test(query.expires ?? '') || !/^[0-9a-f]{64}$/.test(query.signature ?? '')) return undefined;
  const grant = { key, expiresAtS: Number(query.expires), downloadName: query.download };
  const matches = timingSafeEqual(signatureOf(grant, signingKey), Buffer.from(query.signature ?? '', 'hex'));
  return matches && now < grant.expiresAtS * 1000 ? grant : undefined;
}

/** JSON keeps the fields apart: no key and name run into each other to the same text. */
function signatureOf(grant: UrlGrant, signingKey: Uint8Array): Buffer {
  const signed = JSON.stringify(['millrace-object-v1', grant.key, grant.expiresAtS, grant.downloadName ?? null]);
  return createHmac('sha256', signingKey).update(signed).digest();
}
