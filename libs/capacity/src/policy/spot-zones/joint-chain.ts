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

const JOINT_STATES_MAX = 4_096;

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

/** A run ends, grows into the next age bin, or stays in its own. */
const WIDTH = 3;

/** The mean over one zone's change, the others held fast. Flat tables, for this is where a programme spends its time. */
class ZoneStep {
  /** Successor of each joint state, as an offset from it, and its chance: `WIDTH` of each a state. */
  private readonly offsets: Int32Array;
  private readonly chances: Float64Array;

  constructor(
    chain: SpotChain,
    stride: number,
    private readonly size: number,
  ) {
    const states = chain.on.length;
    if (widest(chain) > WIDTH) throw new RangeError(`A state of a zone has at most ${WIDTH} successors.`);
    this.offsets = new Int32Array(size * WIDTH);
    this.chances = new Float64Array(size * WIDTH);
    for (let joint = 0; joint < size; joint++) {
      const state = Math.floor(joint / stride) % states;
      const first = chain.from[state] ?? 0;
      const entries = (chain.from[state + 1] ?? 0) - first;
      for (let entry = 0; entry < WIDTH; entry++) {
        const next = entry < entries ? (chain.to[first + entry] ?? state) : state;
        this.offsets[joint * WIDTH + entry] = joint + (next - state) * stride;
        this.chances[joint * WIDTH + entry] = entry < entries ? (chain.chance[first + entry] ?? 0) : 0;
      }
    }
  }

  expect(values: Float64Array, out: Float64Array): void {
    const { offsets, chances, size } = this;
    for (let joint = 0, cell = 0; joint < size; joint++, cell += WIDTH) {
      out[joint] =
        (chances[cell] as number) * (values[offsets[cell] as number] as number) +
        (chances[cell + 1] as number) * (values[offsets[cell + 1] as number] as number) +
        (chances[cell + 2] as number) * (values[offsets[cell + 2] as number] as number);
    }
  }
}

function widest({ on, from }: SpotChain): number {
  return on.reduce((most, _, state) => Math.max(most, (from[state + 1] ?? 0) - (from[state] ?? 0)), 0);
}
