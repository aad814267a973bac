import { z } from 'zod';

const words = z.array(z.string());

/** `model.json`: vocabulary, latent layout and sampler, written by `export.py` beside the networks. */
const modelDescriptionSchema = z.object({
  keyframes: z.int().positive(),
  tokens: z.int().positive(),
  token_size: z.int().positive(),
  background: words,
  object_words: words,
  scene_words: words,
  skies: words,
  grounds: words,
  shapes: words,
  colours: z.record(z.string(), z.array(z.number())),
  motions: words,
  synonyms: z.record(z.string(), z.string()),
  separators: words,
  doubles: words,
  generic_moves: words,
  cond_size: z.int().positive(),
  sampler: z.object({
    shift: z.number().positive(),
    guidance: z.number(),
    steps: z.object({ min: z.int().positive(), default: z.int().positive(), max: z.int().positive() }),
  }),
});

export type ModelDescription = z.infer<typeof modelDescriptionSchema>;

/** @throws ZodError when the text is not a model description. */
export function parseModelDescription(text: string): ModelDescription {
  return modelDescriptionSchema.parse(JSON.parse(text));
}
