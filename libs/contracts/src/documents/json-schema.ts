import { z } from 'zod';

export type JsonSchema = Readonly<Record<string, unknown>>;

export interface SchemaOptions {
  /** What a client sends, or what it gets. */
  readonly io: 'input' | 'output';
  /** OpenAPI 3.1 speaks 2020-12, AsyncAPI 3.0 draft-07. */
  readonly target: 'draft-2020-12' | 'draft-7';
}

/** The JSON Schema of a zod schema. What we send stays open: readers ignore fields they don't know. */
export function toJsonSchema(schema: z.ZodType, options: SchemaOptions): JsonSchema {
  const { $schema: _dialect, ...json } = z.toJSONSchema(schema, { ...options, unrepresentable: 'any' }) as JsonSchema;
  return options.io === 'output' ? (opened(json) as JsonSchema) : json;
}

/** Collects named schemas in one place, so that documents refer to them. */
export class SchemaCollection {
  private readonly named = new Map<string, unknown>();

  constructor(private readonly prefix: string) {}

  /** The schema with its named parts moved out into the collection. */
  hoist({ $defs, ...schema }: JsonSchema): JsonSchema {
    for (const [name, definition] of Object.entries(($defs ?? {}) as Record<string, JsonSchema>)) {
      const { id: _id, $id: _uri, ...rest } = definition;
      this.named.set(name, this.referred(rest));
    }
    return this.referred(schema) as JsonSchema;
  }

  /** All named schemas, by name. */
  entries(): Readonly<Record<string, unknown>> {
    return Object.fromEntries([...this.named].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  private referred(value: unknown): unknown {
    return mapped(value, (name, member) =>
      name === '$ref' && typeof member === 'string' ? member.replace('#/$defs/', this.prefix) : member,
    );
  }
}

function opened(value: unknown): unknown {
  return mapped(value, (name, member) => (name === 'additionalProperties' && member === false ? undefined : member));
}

/** A copy with each member passed through `change`; undefined leaves it out. */
function mapped(value: unknown, change: (name: string, member: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => mapped(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]) => {
      const next = change(name, member);
      return next === undefined ? [] : [[name, mapped(next, change)]];
    }),
  );
}
