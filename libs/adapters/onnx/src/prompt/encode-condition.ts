import { MAX_OBJECTS, type ParsedPrompt } from './parse-prompt.js';
import type { Vocabulary } from './vocabulary.js';

/** The denoiser's condition: a multi-hot vector per object, then one for the scene and the number of objects. */
export function encodeCondition(prompt: ParsedPrompt, vocabulary: Vocabulary): Float32Array {
  const { objectWords, sceneWords } = vocabulary;
  const condition = new Float32Array(MAX_OBJECTS * objectWords.length + sceneWords.length);
  const mark = (words: readonly string[], known: readonly string[], offset: number): void => {
    for (const word of words) {
      const index = known.indexOf(word);
      if (index >= 0) condition[offset + index] = 1;
    }
  };
  prompt.objects.forEach((words, index) => mark(words, objectWords, index * objectWords.length));
  mark([...prompt.scene, `#${prompt.objects.length}`], sceneWords, MAX_OBJECTS * objectWords.length);
  return condition;
}
