import type { SpotChain } from '../spot/spot-chain.js';

/** States of several zones together; the zones change independently of each other. */
export interface JointChain {
  readonly size: number;
  /** `on[zone * size + joint]`: 1 where the zone has capacity. */
  readonly on: Uint8Array;
  /** Index of the joint state of one state a zone. */
  indexOf(states: readonly number[]): number;
  /** `out[joint]` becomes the mean of `values` over the joint states one tick later. */
  expect(values: Float64Array, out: Float64Array): void;
}

/** States of several zones together that a programme tells apart at most. */
export const JOINT_STATES_MAX = 4_096;

/** The product of chains. Throws a RangeError where it has too many states for a programme to be solved. */
export function jointChain(chains: readonly SpotChain[]): JointChain {
  const size = chains.reduce((product, { on }) => product * on.length, 1);
  if (size > JOINT_STATES_MAX) throw new RangeError(`${size} joint states; at most ${JOINT_STATES_MAX} can be solved.`);
  const strides = chains.map((_, zone) => chains.slice(zone + 1).reduce((product, { on }) => product * on.length, 1));
  const steps = chains.map((chain, zone) => new ZoneStep(chain, strides[zone] ?? 1, size));
  const on = new Uint8Array(chains.length * size);
  chains.forEach((chain, zone) => {
    for (let joint = 0; joint < size; joint++) {
      on[zone * size + joint] = chain.on[Math.floor(joint / (strides[zone] ?? 1)) % chain.on.length] ?? 0;
    }
  });
  const scratch = new Float64Array(size);
  return {
    size,
    on,
    indexOf: (states) => states.reduce((index, state, zone) => index + state * (strides[zone] ?? 1), 0),
    expect(values, out) {
      let from = values;
      steps.forEach((step, index) => {
        const to = (steps.length - index) % 2 === 1 ? out : scratch;
        step.expect(from, to);
        from = to;
      });
    },
  };
}

/** The mean over one zone's change, the others held fast. Flat loops, for this is where a programme spends its time. */
class ZoneStep {
  private readonly states: number;

  /** Joint states of the zones after this one, which lie next to each other. */
  constructor(
    private readonly chain: SpotChain,
    private readonly stride: number,
    private readonly size: number,
  ) {
    this.states = chain.on.length;
  }

  expect(values: Float64Array, out: Float64Array): void {
    if (this.stride === 1) this.expectOfLast(values, out);
    else this.expectOfRows(values, out);
  }

  /** Rows of joint states are added up, each entry of the chain over a whole row. */
  private expectOfRows(values: Float64Array, out: Float64Array): void {
    const { states, stride, size } = this;
    const { from, to, chance } = this.chain;
    for (let block = 0; block < size; block += states * stride) {
      for (let state = 0; state < states; state++) {
        const row = block + state * stride;
        const first = from[state] as number;
        for (let entry = first; entry < (from[state + 1] as number); entry++) {
          const weight = chance[entry] as number;
          const shift = ((to[entry] as number) - state) * stride;
          if (entry === first) {
            for (let cell = row; cell < row + stride; cell++) out[cell] = weight * (values[cell + shift] as number);
            continue;
          }
          for (let cell = row; cell < row + stride; cell++) {
            out[cell] = (out[cell] as number) + weight * (values[cell + shift] as number);
          }
        }
      }
    }
  }

  /** The last zone's states lie next to each other, so that a row would be one state long. */
  private expectOfLast(values: Float64Array, out: Float64Array): void {
    const { states, size } = this;
    const { from, to, chance } = this.chain;
    for (let block = 0; block < size; block += states) {
      for (let state = 0; state < states; state++) {
        let sum = 0;
        for (let entry = from[state] as number; entry < (from[state + 1] as number); entry++) {
          sum += (chance[entry] as number) * (values[block + (to[entry] as number)] as number);
        }
        out[block + state] = sum;
      }
    }
  }
}
