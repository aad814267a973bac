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

/** The mean over one zone's change, the others held fast. Flat tables, for this is where a programme spends its time. */
class ZoneStep {
  /** Successor of each joint state, as an offset from it, and its chance: `WIDTH` of each a state. */
  private readonly offsets: Int32Array;
  private readonly chances: Float64Array;
  private readonly width: number;

  constructor(
    chain: SpotChain,
    stride: number,
    private readonly size: number,
  ) {
    const states = chain.on.length;
    this.width = widestRow(chain);
    this.offsets = new Int32Array(size * this.width);
    this.chances = new Float64Array(size * this.width);
    for (let joint = 0; joint < size; joint++) {
      const state = Math.floor(joint / stride) % states;
      const first = chain.from[state] ?? 0;
      const entries = (chain.from[state + 1] ?? 0) - first;
      for (let entry = 0; entry < this.width; entry++) {
        const next = entry < entries ? (chain.to[first + entry] ?? state) : state;
        this.offsets[joint * this.width + entry] = joint + (next - state) * stride;
        this.chances[joint * this.width + entry] = entry < entries ? (chain.chance[first + entry] ?? 0) : 0;
      }
    }
  }

  expect(values: Float64Array, out: Float64Array): void {
    const { offsets, chances, width, size } = this;
    for (let joint = 0, cell = 0; joint < size; joint++) {
      let sum = 0;
      for (let entry = 0; entry < width; entry++, cell++) {
        sum += (chances[cell] as number) * (values[offsets[cell] as number] as number);
      }
      out[joint] = sum;
    }
  }
}

function widestRow({ on, from }: SpotChain): number {
  return on.reduce((widest, _, state) => Math.max(widest, (from[state + 1] ?? 0) - (from[state] ?? 0)), 0);
}
