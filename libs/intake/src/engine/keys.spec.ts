import { describe, expect, it } from '@jest/globals';
import { VirtualClock, seededRng } from '@millrace/kernel';
import { makeApiKey } from '../domain/api-key.js';
import { ACME, createInMemoryIntake } from '../testing/index.js';
import { AuthenticateKey } from './authenticate-key.js';
import { BootstrapTenant } from './bootstrap-tenant.js';
import { keyHash } from './key-hash.js';
import type { ApiKeyRecord } from './ports/api-key-store.port.js';

const PEPPER = 'p'.repeat(32);
const KEY = makeApiKey(seededRng(1));

function record(overrides: Partial<ApiKeyRecord> = {}): ApiKeyRecord {
  return {
    id: KEY.slice(8, 16),
    tenantId: ACME,
    hash: keyHash(KEY, PEPPER),
    scopes: ['tasks:read'],
    interactive: true,
    expiresAt: null,
    revokedAt: null,
    ...overrides,
  };
}

function make(found: ApiKeyRecord | undefined) {
  const clock = new VirtualClock();
  let stored = found;
  let lookups = 0;
  const store = { find: async () => ((lookups += 1), stored) };
  return {
    clock,
    authenticate: new AuthenticateKey(store, PEPPER, clock),
    change: (next: ApiKeyRecord) => (stored = next),
    lookups: () => lookups,
  };
}

describe('AuthenticateKey', () => {
  it('API-11: says whose key it is', async () => {
    const { authenticate } = make(record());
    const wanted = { tenantId: 'acme', keyId: record().id, scopes: ['tasks:read'], interactive: true };
    expect(await authenticate.execute(`Bearer ${KEY}`)).toEqual(wanted);
    expect(await authenticate.execute(`bearer  ${KEY}`)).toEqual(wanted);
  });

  it.each([undefined, '', 'Bearer', 'Bearer ', `Basic ${KEY}`, KEY, `Bearer ${KEY} x`])(
    'misses the key in "%s"',
    async (header) => {
      await expect(make(record()).authenticate.execute(header)).rejects.toMatchObject({
        code: 'api_key_missing',
        kind: 'unauthorized',
      });
    },
  );

  it.each([
    ['an unknown key', undefined],
    ['a key of the same id with another secret', record({ hash: keyHash(makeApiKey(seededRng(2)), PEPPER) })],
    ['a key hashed with another pepper', record({ hash: keyHash(KEY, 'q'.repeat(32)) })],
    ['an empty hash', record({ hash: '' })],
    ['a revoked key', record({ revokedAt: 1 })],
    ['an expired key', record({ expiresAt: 1 })],
  ])('refuses %s, without saying which', async (_name, found) => {
    await expect(make(found).authenticate.execute(`Bearer ${KEY}`)).rejects.toMatchObject({
      code: 'api_key_invalid',
      message: 'This API key is not known, or was revoked or has expired: check that it was copied whole.',
    });
  });

  it('looks a mistyped key up nowhere', async () => {
    const { authenticate, lookups } = make(record());
    await expect(authenticate.execute(`Bearer ${KEY.slice(0, -1)}!`)).rejects.toMatchObject({
      code: 'api_key_invalid',
    });
    expect(lookups()).toBe(0);
  });

  it('looks a key up once in 10 s, and a revoked one works no longer than that', async () => {
    const { clock, authenticate, change, lookups } = make(record());
    for (let i = 0; i < 5; i++) await authenticate.execute(`Bearer ${KEY}`);
    expect(lookups()).toBe(1);
    change(record({ revokedAt: 1 }));
    await clock.advance(10_001);
    await expect(authenticate.execute(`Bearer ${KEY}`)).rejects.toMatchObject({ code: 'api_key_invalid' });
  });
});

describe('BootstrapTenant', () => {
  const input = { tenantId: ACME, name: 'Acme', interactive: false };
  const bootstrap = (keys: ReturnType<typeof createInMemoryIntake>['keys']) =>
    new BootstrapTenant(keys, PEPPER, new VirtualClock(), seededRng(5));

  it('makes a tenant and a key that opens the door, and nothing when run again', async () => {
    const { keys } = createInMemoryIntake();
    const first = await bootstrap(keys).execute(input);
    expect(first).toMatchObject({ made: true, tenantId: 'acme' });
    const authenticate = new AuthenticateKey(keys, PEPPER, new VirtualClock());
    expect((await authenticate.execute(`Bearer ${first.key ?? ''}`)).tenantId).toBe('acme');
    expect(await bootstrap(keys).execute(input)).toEqual({ tenantId: 'acme', key: undefined, made: false });
  });

  it('takes a given key, also beside one that is there', async () => {
    const { keys } = createInMemoryIntake();
    await bootstrap(keys).execute(input);
    expect(await bootstrap(keys).execute({ ...input, key: KEY })).toEqual({ tenantId: 'acme', key: KEY, made: false });
    expect((await keys.find(record().id))?.hash).toBe(keyHash(KEY, PEPPER));
  });

  it('refuses a given key that is none of ours', async () => {
    const { keys } = createInMemoryIntake();
    await expect(bootstrap(keys).execute({ ...input, key: 'secret' })).rejects.toMatchObject({
      code: 'validation_failed',
    });
  });
});
