import { describe, expect, it } from '@jest/globals';
import { STRICT_RULES, checkIpAddress, checkUrl, type OutboundRules } from './outbound-address.js';

const LOCAL: OutboundRules = { ...STRICT_RULES, allowLoopback: true };

describe('addresses that may not be called (P17)', () => {
  it.each([
    '0.0.0.0',
    '0.1.2.3',
    '10.0.0.1',
    '10.255.255.255',
    '100.64.0.1',
    '100.127.255.255',
    '127.0.0.1',
    '127.255.0.1',
    '168.63.129.16',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.8',
    '192.0.2.1',
    '192.168.1.1',
    '198.18.0.1',
    '198.19.255.255',
    '198.51.100.7',
    '203.0.113.9',
    '224.0.0.1',
    '239.255.255.255',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    'fc00::1',
    'fdff::1',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '::ffff:7f00:1',
    '64:ff9b::7f00:1',
    '64:ff9b:1::1',
    '2002:7f00:1::',
    '2001:db8::1',
    '::7f00:1',
    '2001::1',
    'not-an-address',
    '1.2.3',
    '01.2.3.4',
    '1.2.3.256',
  ])('%s is refused', (address) => {
    expect(checkIpAddress(address, STRICT_RULES)).toMatchObject({ allowed: false });
  });

  it.each([
    '8.8.8.8',
    '1.1.1.1',
    '172.15.0.1',
    '172.32.0.1',
    '100.63.0.1',
    '100.128.0.1',
    '192.0.1.1',
    '198.17.0.1',
    '2606:4700:4700::1111',
    '2a00:1450::8a',
  ])('%s is public', (address) => {
    expect(checkIpAddress(address, STRICT_RULES)).toEqual({ allowed: true });
  });

  it('loopback only by setting, and nothing else private with it', () => {
    expect(checkIpAddress('127.0.0.1', LOCAL).allowed).toBe(true);
    expect(checkIpAddress('::1', LOCAL).allowed).toBe(true);
    expect(checkIpAddress('10.0.0.1', LOCAL).allowed).toBe(false);
    expect(checkIpAddress('::ffff:127.0.0.1', LOCAL).allowed).toBe(false);
  });
});

describe('URLs that may not be called (P17)', () => {
  it.each([
    'http://example.com/',
    'ftp://example.com/',
    'https://user:pass@example.com/',
    'https://user@example.com/',
    'https://127.0.0.1/',
    'https://0x7f.1/',
    'https://2130706433/',
    'https://0177.0.0.1/',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://localhost/',
    'https://a.localhost/',
    'https://localhost./',
    'https://8.8.8.8/',
    'https://intranet/',
    'https://example.com:22/',
    'https://example.com:6379/',
    'https://169.254.169.254/latest/meta-data',
    'https://127.1/',
    'https://①②⑦.0.0.1/',
  ])('%s', (url) => {
    expect(checkUrl(new URL(url), STRICT_RULES)).toMatchObject({ allowed: false, reason: expect.any(String) });
  });

  it.each(['https://example.com/hook', 'https://example.com:8443/hook?x=1', 'https://bücher.example/hook'])(
    '%s may',
    (url) => {
      expect(checkUrl(new URL(url), STRICT_RULES)).toEqual({ allowed: true });
    },
  );

  it.each(['http://127.0.0.1:4000/hook', 'http://localhost:4000/hook', 'http://[::1]:4000/'])(
    '%s may where loopback is allowed',
    (url) => {
      expect(checkUrl(new URL(url), LOCAL)).toEqual({ allowed: true });
      expect(checkUrl(new URL(url), STRICT_RULES)).toMatchObject({ allowed: false });
    },
  );

  it('allowing loopback opens no private network', () => {
    expect(checkUrl(new URL('http://192.168.0.1/'), LOCAL)).toMatchObject({ allowed: false });
    expect(checkUrl(new URL('http://user:x@127.0.0.1/'), LOCAL)).toMatchObject({ allowed: false });
  });
});
