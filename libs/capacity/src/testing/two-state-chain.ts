import { spotChain, type SpotChain } from '../policy/spot/spot-chain.js';

/** State 0 is off and 1 is on; capacity comes with chance `comes` and goes with chance `ends`. */
export function twoStateChain(comes: number, ends: number): SpotChain {
  return spotChain(
    [0, 1],
    [
      new Map([
        [0, 1 - comes],
        [1, comes],
      ]),
      new Map([
        [0, ends],
        [1, 1 - ends],
      ]),
    ],
  );
}
