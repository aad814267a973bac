import type { Vocabulary } from './vocabulary.js';

/** At most so many objects fit into the latent. */
export const MAX_OBJECTS = 2;

/** "two", "a pair of": the next shape counts twice. No word of a prompt: those are letters only. */
const TWICE = '#2';
/** "flying", "sailing": moves somewhere; to the right where the prompt names no direction. */
const GOES = '#go';

export interface ParsedPrompt {
  /** The words of each object, canonical; markers that start with `#` mean nothing to the model. */
  readonly objects: readonly (readonly string[])[];
  readonly scene: readonly string[];
  readonly unknown: readonly string[];
}

/**
 * Splits a prompt into objects and scene, by the rules of `parse()` in models/demo-video/data.py. Never fails: unknown
 * words are listed and have no effect, an empty prompt leaves everything to the model.
 */
export function parsePrompt(prompt: string, vocabulary: Vocabulary): ParsedPrompt {
  const { phrases, unknown } = splitPhrases(prompt, vocabulary);
  const { objects, pending, scene } = groupWords(phrases, vocabulary);
  const settled = settleScene(scene, vocabulary);
  const loose = pending.filter((word) => word !== TWICE);
  if (objects[0] !== undefined) objects[0].push(...loose);
  else if (loose.length > 0 || settled.length === 0) objects.push(loose);
  const chosen = objects.slice(0, MAX_OBJECTS);
  settleMotions(chosen, vocabulary);
  return { objects: chosen, scene: settled, unknown };
}

function splitPhrases(prompt: string, vocabulary: Vocabulary): { phrases: string[][]; unknown: string[] } {
  let current: string[] = [];
  const phrases = [current];
  const unknown: string[] = [];
  const startPhrase = (...words: string[]): void => void phrases.push((current = words));
  for (const word of prompt.toLowerCase().match(/[a-z]+|,/g) ?? []) {
    const canonical = vocabulary.canonical(word);
    if (word === ',' || vocabulary.separators.has(word)) startPhrase();
    else if (vocabulary.doubles.has(word)) startPhrase(TWICE);
    else if (vocabulary.genericMoves.has(word)) current.push(GOES);
    else if (canonical !== undefined) current.push(canonical);
    else unknown.push(word);
  }
  return { phrases, unknown };
}

interface Groups {
  readonly objects: string[][];
  /** Words that came before any shape. */
  readonly pending: string[];
  readonly scene: string[];
}

function groupWords(phrases: readonly (readonly string[])[], vocabulary: Vocabulary): Groups {
  const objects: string[][] = [];
  const pending: string[] = [];
  const scene: string[] = [];
  let newest: string[][] = [];
  for (const phrase of phrases) {
    const own = phrase.filter((word, index) => !isSceneWord(word, phrase[index + 1], vocabulary));
    scene.push(...phrase.filter((word, index) => isSceneWord(word, phrase[index + 1], vocabulary)));
    if (own.some((word) => vocabulary.shapes.has(word))) {
      const words = own.filter((word) => word !== TWICE);
      newest = own.includes(TWICE) ? [words, [...words]] : [words];
      objects.push(...newest);
    } else if (newest.length > 0) for (const object of newest) object.push(...own);
    else pending.push(...own);
  }
  return { objects, pending, scene };
}

/** A colour belongs to the scene when a scene word follows it: "on a pink background". */
function isSceneWord(word: string, next: string | undefined, vocabulary: Vocabulary): boolean {
  if (vocabulary.scenes.has(word)) return true;
  return vocabulary.colours.has(word) && next !== undefined && vocabulary.scenes.has(next);
}

/** Drops scene words that contradict a stronger one. */
function settleScene(scene: readonly string[], vocabulary: Vocabulary): readonly string[] {
  let words = scene;
  if (words.includes('sunset') || words.includes('night')) words = words.filter((word) => word !== 'day');
  if (words.some((word) => word !== 'plain' && vocabulary.scenes.has(word))) {
    words = words.filter((word) => word !== 'plain');
  }
  return words.includes('plain') ? words : words.filter((word) => !vocabulary.colours.has(word));
}

function settleMotions(objects: readonly string[][], vocabulary: Vocabulary): void {
  const moves = (words: readonly string[]): boolean => words.some((word) => vocabulary.motions.has(word));
  for (const words of objects) if (words.includes(GOES) && !moves(words)) words.push('right');
  const [first, second] = objects;
  if (first === undefined || second === undefined) return;
  // "a moon orbiting a ball": the ball rests.
  if (first.includes('orbiting') && !moves(second)) second.push('still');
  if (second.includes('orbiting') && !moves(first)) first.push('still');
}
