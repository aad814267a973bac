import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { demoModelDirectory } from '../model/demo-model-directory.js';
import { parseModelDescription } from '../model/model-description.js';
import { encodeCondition } from './encode-condition.js';
import { parsePrompt } from './parse-prompt.js';
import { createVocabulary } from './vocabulary.js';

const description = parseModelDescription(readFileSync(path.join(demoModelDirectory(), 'model.json'), 'utf8'));
const vocabulary = createVocabulary(description);
/** The words that mean something to the model: without markers. */
const words = (object: readonly string[]): string[] => object.filter((word) => !word.startsWith('#')).sort();

describe('parsePrompt', () => {
  it.each<[string, string, string[][], string[]]>([
    ['one object', 'a red ball bouncing', [['ball', 'bouncing', 'red']], []],
    ['an object and a scene', 'a red ball over the sea at night', [['ball', 'red']], ['night', 'sea']],
    ['synonyms and plurals', 'crimson spheres', [['ball', 'red']], []],
    [
      'two objects with their own words',
      'a red ball bouncing and a yellow star spinning',
      [
        ['ball', 'bouncing', 'red'],
        ['spinning', 'star', 'yellow'],
      ],
      [],
    ],
    [
      'a double',
      'two pink hearts pulsing',
      [
        ['heart', 'pink', 'pulsing'],
        ['heart', 'pink', 'pulsing'],
      ],
      [],
    ],
    ['a colour of the scene', 'a blue square on a pink background', [['blue', 'square']], ['pink', 'plain']],
    ['a direction that a verb leaves open', 'a ball flying', [['ball', 'right']], []],
    ['a direction that a verb is given', 'a ball flying to the left', [['ball', 'left']], []],
    [
      'the centre of an orbit, which rests',
      'a moon orbiting a big ball',
      [
        ['moon', 'orbiting'],
        ['ball', 'big', 'still'],
      ],
      [],
    ],
    ['dusk, which is no day', 'a ball under a sky at dusk', [['ball']], ['sunset']],
    ['three objects, of which two fit', 'a ball and a star and a ring', [['ball'], ['star']], []],
    ['words that come before a shape', 'slowly, a ball', [['ball', 'slow']], []],
    ['a scene without objects', 'the sea at night', [], ['night', 'sea']],
    ['nothing', '', [[]], []],
  ])('reads %s: %s', (_, prompt, objects, scene) => {
    const parsed = parsePrompt(prompt, vocabulary);
    expect(parsed.objects.map(words)).toEqual(objects);
    expect([...parsed.scene].sort()).toEqual([...scene].sort());
  });

  it('lists what it does not know; it changes nothing', () => {
    const plain = parsePrompt('a red ball', vocabulary);
    const noisy = parsePrompt('a zebra-striped constructor, red ball 42 🎈 __proto__', vocabulary);
    expect(noisy.unknown).toEqual(['zebra', 'striped', 'constructor', 'proto']);
    expect(encodeCondition(noisy, vocabulary)).toEqual(encodeCondition(plain, vocabulary));
  });
});

describe('encodeCondition', () => {
  it('marks the words of each object, of the scene, and the number of objects', () => {
    const condition = encodeCondition(parsePrompt('a red ball and a star over the sea', vocabulary), vocabulary);
    const all = [...description.object_words, ...description.object_words, ...description.scene_words];
    const marked = all.filter((_, index) => condition[index] === 1);
    expect(condition.length).toBe(description.cond_size);
    expect(marked).toEqual(['ball', 'red', 'star', 'sea', '#2']);
  });
});
