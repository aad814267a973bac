import { AppError } from '@millrace/kernel';
import type { z } from 'zod';

/** Settings as they come from outside: environment variables, or a test's literal. */
export type SettingSource = Readonly<Record<string, string | undefined>>;

/** Where the settings of a topic come from: one environment variable per field. */
export type VariableNames<Shape extends z.ZodObject> = { readonly [Field in keyof z.input<Shape>]-?: string };

/**
 * Reads one topic's settings. An empty variable counts as absent.
 * Throws one validation error that names each bad or missing variable and what is wanted.
 */
export function loadSettings<Shape extends z.ZodObject>(
  schema: Shape,
  variables: VariableNames<Shape>,
  source: SettingSource,
): z.output<Shape> {
  const names = variables as Readonly<Record<string, string>>;
  const raw = Object.fromEntries(
    Object.entries(names).flatMap(([field, variable]) => {
      const value = source[variable];
      return value === undefined || value === '' ? [] : [[field, value]];
    }),
  );
  const result = schema.safeParse(raw);
  if (result.success) return result.data;
  const faults = result.error.issues.map((issue) => {
    const variable = names[String(issue.path[0])] ?? String(issue.path[0]);
    return raw[String(issue.path[0])] === undefined
      ? `${variable} is not set, but is needed`
      : `${variable}: ${issue.message}`;
  });
  throw new AppError({ kind: 'validation', code: 'setting_invalid', message: `bad setting: ${faults.join('; ')}` });
}

const KNOWN_PREFIX = 'MILLRACE_';

/** Names of `MILLRACE_…` variables that no schema knows: a typing error must not pass silently. */
export function unknownSettings(source: SettingSource, known: Iterable<string>): readonly string[] {
  const names = new Set(known);
  return Object.keys(source).filter((name) => name.startsWith(KNOWN_PREFIX) && source[name] !== '' && !names.has(name));
}
