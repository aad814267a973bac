import { FULL_SHARE_PPM } from './gpu-track.js';

/** A part of one GPU's time, and how much of it the lane was dealt too little of so far, in millionths of a ms. */
export interface DealtLane {
  readonly sharePpm: number;
  readonly owed: number;
}

export interface Dealt {
  readonly gpuMs: number;
  readonly owed: number;
}

/**
 * Deals `ms` of a GPU out to its lanes, whose shares are the whole together: each gets its share rounded down, and the
 * milliseconds that are left go one by one to the lanes that are owed most. So the parts always add up to `ms` (I1), none
 * is negative, each differs from its exact share by less than 1 ms, and no lane is favoured in the long run.
 */
export function dealGpuTime(ms: number, lanes: readonly DealtLane[]): readonly Dealt[] {
  const parts = lanes.map(({ sharePpm, owed }, lane) => {
    const exact = ms * sharePpm;
    return { lane, gpuMs: Math.floor(exact / FULL_SHARE_PPM), rest: exact % FULL_SHARE_PPM, owed };
  });
  const left = ms - parts.reduce((sum, { gpuMs }) => sum + gpuMs, 0);
  const candidates = parts.filter(({ rest }) => rest > 0);
  candidates.sort((a, b) => b.rest + b.owed - (a.rest + a.owed) || a.lane - b.lane);
  const lucky = new Set(candidates.slice(0, left).map(({ lane }) => lane));
  return parts.map(({ lane, gpuMs, rest, owed }) => {
    const extra = lucky.has(lane) ? 1 : 0;
    return { gpuMs: gpuMs + extra, owed: owed + rest - extra * FULL_SHARE_PPM };
  });
}
