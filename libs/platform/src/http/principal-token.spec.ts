import { describe, expect, it } from '@jest/globals';
import type { Principal } from '@millrace/contracts';
import { VirtualClock } from '@millrace/kernel';
import { createPrincipalAuthenticator, principalHeader } from './principal-token.js';

const PRINCIPAL: Principal = { tenantId: 'acme', keyId: 'k1', scopes: ['costs:read'], interactive: false };

describe('principal token (forwarded by the gateway)', () => {
  it('is accepted by a service with the same key', async () => {
    const clock = new VirtualClock();
    await expect(
      createPrincipalAuthenticator('key', clock).authenticate(principalHeader(PRINCIPAL, 'key', clock)),
    ).resolves.toEqual(PRINCIPAL);
  });

  it('is refused with another key, when tampered with, when absent, and after a minute', async () => {
    const clock = new VirtualClock();
    const authenticator = createPrincipalAuthenticator('key', clock);
    const header = principalHeader(PRINCIPAL, 'key', clock);
    const forged = `Principal ${Buffer.from(JSON.stringify({ principal: { ...PRINCIPAL, tenantId: 'other' }, expiresAt: clock.now() + 1000 })).toString('base64url')}.${header.split('.')[1]}`;
    for (const bad of [principalHeader(PRINCIPAL, 'other', clock), forged, undefined, 'Bearer mr_live_x']) {
      await expect(authenticator.authenticate(bad)).rejects.toMatchObject({ kind: 'unauthorized' });
    }
    await clock.advance(61_000);
    await expect(authenticator.authenticate(header)).rejects.toMatchObject({ kind: 'unauthorized' });
  });
});
