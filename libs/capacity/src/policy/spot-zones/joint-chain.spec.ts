import { describe, expect, it } from '@jest/globals';
import { twoStateChain } from '../../testing/two-state-chain.js';
import { jointChain } from './joint-chain.js';

describe('the joint chain of several zones', () => {
  it.each([1, 2, 3])('takes the mean over the next tick of %i independent zones', (zones) => {
    const ups = [0.1, 0.3, 0.6].slice(0, zones);
    const joint = jointChain(ups.map((up) => twoStateChain(up, 0.2)));
    const values = Float64Array.from({ length: joint.size }, (_, index) => index * index + 1);
    const out = new Float64Array(joint.size);
    joint.expect(values, out);
    for (let from = 0; from < joint.size; from++) {
      let mean = 0;
      for (let to = 0; to < joint.size; to++) {
        const chance = ups.reduce((product, up, zone) => {
          const bit = zones - 1 - zone;
          const goesUp = ((from >> bit) & 1) === 1 ? 0.8 : up;
          return product * (((to >> bit) & 1) === 1 ? goesUp : 1 - goesUp);
        }, 1);
        mean += chance * (values[to] ?? 0);
      }
      expect(out[from]).toBeCloseTo(mean, 9);
    }
  });

  it('tells which zones have capacity in a joint state', () => {
    const joint = jointChain([twoStateChain(0.1, 0.2), twoStateChain(0.1, 0.2)]);
    const state = joint.indexOf([1, 0]);
    expect([joint.on[state], joint.on[joint.size + state]]).toEqual([1, 0]);
  });

  it('refuses more joint states than can be solved', () => {
    expect(() => jointChain(Array.from({ length: 13 }, () => twoStateChain(0.1, 0.2)))).toThrow('8192 joint states');
  });
});
