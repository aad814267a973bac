import type { ModelDescription } from '../model/model-description.js';

/** The model's words, ready for look-ups. */
export interface Vocabulary {
  readonly objectWords: readonly string[];
  readonly sceneWords: readonly string[];
  readonly scenes: ReadonlySet<string>;
  readonly shapes: ReadonlySet<string>;
  readonly colours: ReadonlySet<string>;
  readonly motions: ReadonlySet<string>;
  readonly separators: ReadonlySet<string>;
  readonly doubles: ReadonlySet<string>;
  readonly genericMoves: ReadonlySet<string>;
  /** The vocabulary's word for a written word (a synonym, a plural); undefined where the model knows none. */
  canonical(word: string): string | undefined;
}

export function createVocabulary(model: ModelDescription): Vocabulary {
  const scenes = new Set([...model.skies, ...model.grounds.slice(1)]);
  const known = new Set([...model.object_words, ...scenes]);
  const synonyms = new Map(Object.entries(model.synonyms));
  const canonical = (word: string): string | undefined => {
    const spellings = word.endsWith('s') ? [word, word.slice(0, -1)] : [word];
    return spellings.map((spelling) => synonyms.get(spelling) ?? spelling).find((candidate) => known.has(candidate));
  };
  return {
    objectWords: model.object_words,
    sceneWords: model.scene_words,
    scenes,
    shapes: new Set(model.shapes),
    colours: new Set(Object.keys(model.colours)),
    motions: new Set(model.motions),
    separators: new Set(model.separators),
    doubles: new Set(model.doubles),
    genericMoves: new Set(model.generic_moves),
    canonical,
  };
}
