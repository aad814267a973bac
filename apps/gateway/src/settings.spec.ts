import { describe, expect, it } from '@jest/globals';
import { gatewaySettings } from './settings.js';

describe('gateway settings', () => {
  it('WRK-13: reads the retries of single types', () => {
    expect(gatewaySettings.parse({ maxRetriesByType: 'http=10,ti2v-5B=0' }).maxRetriesByType).toEqual({
      http: 10,
      'ti2v-5B': 0,
    });
    expect(gatewaySettings.parse({}).maxRetriesByType).toBeUndefined();
  });

  it.each(['http', 'http=', 'http=21', 'http=-1', '=3', 'http=1,', 'http=1 ,x=2'])('refuses "%s"', (text) => {
    expect(gatewaySettings.safeParse({ maxRetriesByType: text }).success).toBe(false);
  });
});
