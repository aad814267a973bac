/** `--name value` pairs of the command line over defaults. Throws on a name that has none. */
export function readFlags<Flags extends Readonly<Record<string, number | string>>>(
  defaults: Flags,
  words: readonly string[],
): Flags {
  const flags: Record<string, number | string> = { ...defaults };
  for (let index = 0; index < words.length; index += 2) {
    const name = words[index]?.replace(/^--/, '') ?? '';
    const text = words[index + 1];
    const fallback = flags[name];
    const value = typeof fallback === 'number' ? Number(text) : text;
    if (fallback === undefined || value === undefined || Number.isNaN(value))
      throw new Error(`--${name} ${text ?? ''}: known are ${Object.keys(defaults).join(', ')}`);
    flags[name] = value;
  }
  return flags as Flags;
}
