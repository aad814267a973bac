import { describe, expect, it } from '@jest/globals';
import { forwardUrl } from './forward.controller.js';

const BASE = 'http://127.0.0.1:8084';
const PATH = '/api/v1/webhooks/secret';

describe('where a request is forwarded to (P17)', () => {
  it('is the route at the service, with the query', () => {
    expect(forwardUrl(BASE, PATH, `${PATH}?limit=2&cursor=a%20b`).href).toBe(
      `${BASE}/api/v1/webhooks/secret?limit=2&cursor=a%20b`,
    );
  });

  it.each([
    'http://attacker.example/api/v1/webhooks/secret',
    'https://127.0.0.1:6379/api/v1/webhooks/secret?x=1',
    '//attacker.example/api/v1/webhooks/secret',
    'http://user:secret@attacker.example/?a=http://other.example',
  ])('is never the host that a request line names: %s', (url) => {
    expect(forwardUrl(BASE, PATH, url).origin).toBe(BASE);
    expect(forwardUrl(BASE, PATH, url).pathname).toBe(PATH);
  });
});
