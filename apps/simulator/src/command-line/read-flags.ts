import { UsageError } from './usage-error.js';

/** `text`: `--name value` or `--name=value`. `switch`: `--name`. */
export type FlagKinds = Readonly<Record<string, 'text' | 'switch'>>;

export type FlagValues<Kinds extends FlagKinds> = {
  readonly [Name in keyof Kinds]?: Kinds[Name] extends 'switch' ? true : string;
};

export interface CommandLine<Kinds extends FlagKinds> {
  readonly flags: FlagValues<Kinds>;
  /** Words that belong to no flag, in order. */
  readonly words: readonly string[];
}

/** Reads the words behind a program's name. Throws a UsageError on an unknown or doubled flag and a missing value. */
export function readFlags<Kinds extends FlagKinds>(kinds: Kinds, argv: readonly string[]): CommandLine<Kinds> {
  const flags: Record<string, string | true> = {};
  const words: string[] = [];
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? '';
    if (!word.startsWith('-') || word === '-') {
      words.push(word);
      continue;
    }
    const [name, inline] = split(word);
    const kind = Object.hasOwn(kinds, name) && word.startsWith('--') ? kinds[name] : undefined;
    if (kind === undefined) throw new UsageError(`There is no flag ${word.split('=')[0]}: known are ${listed(kinds)}.`);
    if (name in flags) throw new UsageError(`--${name} stands twice: give it once.`);
    if (kind === 'switch' && inline !== undefined) throw new UsageError(`--${name} takes no value: write --${name}.`);
    const value = kind === 'switch' ? true : (inline ?? argv[++index]);
    if (value === undefined || value === '' || (value !== true && inline === undefined && value.startsWith('--')))
      throw new UsageError(`--${name} needs a value: write --${name} ${name.toUpperCase()}.`);
    flags[name] = value;
  }
  return { flags: flags as FlagValues<Kinds>, words };
}

function split(word: string): readonly [string, string | undefined] {
  const bare = word.replace(/^--?/, '');
  const at = bare.indexOf('=');
  return at < 0 ? [bare, undefined] : [bare.slice(0, at), bare.slice(at + 1)];
}

function listed(kinds: FlagKinds): string {
  return Object.keys(kinds)
    .map((name) => `--${name}`)
    .join(', ');
}
