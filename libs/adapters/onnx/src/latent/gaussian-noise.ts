/**
 * `count` standard normal numbers: mulberry32 and Box-Muller, so that a seed gives the same noise on every machine.
 * @param seed any safe integer; its lowest 32 bits count.
 */
export function gaussianNoise(seed: number, count: number): Float32Array {
  const uniform = uniformNumbers(seed);
  const noise = new Float32Array(count);
  for (let i = 0; i < count; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    noise[i] = radius * Math.cos(angle);
    if (i + 1 < count) noise[i + 1] = radius * Math.sin(angle);
  }
  return noise;
}

function uniformNumbers(seed: number): () => number {
  let state = Math.imul(Number(BigInt.asUintN(32, BigInt(seed))) ^ 0x9e3779b9, 0x85ebca6b) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
