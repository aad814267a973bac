import { clamp } from '../clamp.js';
import type { ModelDescription } from '../model/model-description.js';
import { steadied, type Track } from './track.js';

/** Where the numbers of a clip lie: per object a static token and four of key frames, then the background token. */
const OBJECTS = 2;
const TOKENS_PER_OBJECT = 5;
const KEYS_PER_TOKEN = 4;
const KEY_SIZE = 5;
const CODE = { from: 1, to: 11 } as const;
const COLOUR = { from: 11, to: 14 } as const;
/** Trembles below these bends are the model's, in units of the track and in radians. */
const TREMBLE = { place: 0.025, angle: 0.05 } as const;

export interface SceneObject {
  /** 0 absent … 1 present. */
  readonly presence: number;
  readonly code: Float32Array;
  readonly rgb: Float32Array;
  /** Fraction of the aspect, -1 left … 1 right. */
  readonly x: Track;
  /** -1 top … 1 bottom. */
  readonly y: Track;
  /** Natural logarithm of the radius in half frame heights. */
  readonly logRadius: Track;
  /** Radians, unwrapped. */
  readonly angle: Track;
}

/** What a latent says in the renderer's terms. */
export interface Scene {
  readonly objects: readonly SceneObject[];
  /** The background network's input, [17]. */
  readonly background: Float32Array;
}

/** Reads a clean (or noisy) latent of [tokens × token size] numbers. */
export function sceneOf(latent: Float32Array, model: ModelDescription): Scene {
  const objects = Array.from({ length: OBJECTS }, (_, index) => objectOf(latent, index, model));
  const start = OBJECTS * TOKENS_PER_OBJECT * model.token_size;
  return { objects, background: latent.slice(start, start + model.background.length) };
}

function objectOf(latent: Float32Array, index: number, model: ModelDescription): SceneObject {
  const start = TOKENS_PER_OBJECT * index * model.token_size;
  const keys = Array.from({ length: model.keyframes }, (_, frame) => {
    const at =
      start + (1 + Math.floor(frame / KEYS_PER_TOKEN)) * model.token_size + (frame % KEYS_PER_TOKEN) * KEY_SIZE;
    return latent.subarray(at, at + KEY_SIZE);
  });
  const fixed = latent.subarray(start, start + COLOUR.to);
  const visible = 1 / (1 + Math.exp(-3 * fixed[0]!));
  return {
    presence: clamp((visible - 0.1) / 0.8),
    code: fixed.slice(CODE.from, CODE.to).map((v) => (v + 0.3) / 3),
    rgb: fixed.slice(COLOUR.from, COLOUR.to).map((v) => clamp((v + 1) / 2)),
    x: steadied(
      keys.map((key) => key[0]! / 1.5),
      TREMBLE.place,
    ),
    y: steadied(
      keys.map((key) => key[1]! / 1.5),
      TREMBLE.place,
    ),
    logRadius: steadied(
      keys.map((key) => clamp(key[2]! / 1.6 - 1.25, -4, 0.6)),
      TREMBLE.place,
    ),
    angle: steadied(unwrapped(keys.map((key) => Math.atan2(key[4]!, key[3]!))), TREMBLE.angle),
  };
}

/** Adds full turns so that no two neighbours lie more than half a turn apart. */
function unwrapped(angles: readonly number[]): Track {
  let turns = 0;
  return angles.map((angle, i) => {
    const change = i === 0 ? 0 : angle - angles[i - 1]!;
    if (change > Math.PI) turns--;
    else if (change < -Math.PI) turns++;
    return angle + 2 * Math.PI * turns;
  });
}
