/** What a part of a recorded cycle looks like. Maps are written as lists of pairs. */
export type Shape =
  | 'text'
  | 'number'
  | 'flag'
  | { readonly list: Shape }
  | { readonly record: Shape }
  | { readonly map: readonly [Shape, Shape] }
  | { readonly object: Readonly<Record<string, Shape | { readonly optional: Shape }>> };

/** The shape of a type, field by field: a field that is added to the type and not to its shape does not compile. */
export type ShapeOf<T> = [T] extends [string]
  ? 'text'
  : [T] extends [number]
    ? 'number'
    : [T] extends [boolean]
      ? 'flag'
      : [T] extends [ReadonlyMap<infer Key, infer Value>]
        ? { readonly map: readonly [ShapeOf<Key>, ShapeOf<Value>] }
        : [T] extends [readonly (infer Item)[]]
          ? { readonly list: ShapeOf<Item> }
          : [string] extends [keyof T]
            ? { readonly record: ShapeOf<T[keyof T]> }
            : { readonly object: { readonly [Name in keyof T]-?: FieldShape<T, Name> } };

type FieldShape<T, Name extends keyof T> =
  Partial<Pick<T, Name>> extends Pick<T, Name>
    ? { readonly optional: ShapeOf<NonNullable<T[Name]>> }
    : ShapeOf<T[Name]>;

/** The value with the fields of its shape and no other, ready for JSON. */
export function projected(shape: Shape, value: unknown): unknown {
  if (typeof shape === 'string') return value;
  if ('list' in shape) return (value as readonly unknown[]).map((item) => projected(shape.list, item));
  if ('map' in shape) {
    const [keys, values] = shape.map;
    return Array.from(value as ReadonlyMap<unknown, unknown>, ([key, one]) => [
      projected(keys, key),
      projected(values, one),
    ]);
  }
  const source = value as Readonly<Record<string, unknown>>;
  const names = 'record' in shape ? Object.keys(source) : Object.keys(shape.object);
  const made: Record<string, unknown> = {};
  for (const name of names) {
    const one = source[name];
    if (one !== undefined) made[name] = projected('record' in shape ? shape.record : innerOf(shape.object[name]), one);
  }
  return made;
}

/** The value back from JSON. Throws a RangeError that names the first field that is not of its shape. */
export function restored(shape: Shape, value: unknown, path: string): unknown {
  if (typeof shape === 'string') return restoredScalar(shape, value, path);
  if ('list' in shape) return listAt(value, path).map((item, index) => restored(shape.list, item, `${path}[${index}]`));
  if ('map' in shape) {
    const [keys, values] = shape.map;
    return new Map(
      listAt(value, path).map((pair, index) => {
        const [key, one] = listAt(pair, `${path}[${index}]`);
        return [restored(keys, key, `${path}[${index}][0]`), restored(values, one, `${path}[${index}][1]`)];
      }),
    );
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw fault(path, 'an object');
  const source = value as Readonly<Record<string, unknown>>;
  if ('record' in shape)
    return Object.fromEntries(
      Object.entries(source).map(([name, one]) => [name, restored(shape.record, one, `${path}.${name}`)]),
    );
  return restoredObject(shape.object, source, path);
}

function restoredObject(
  fields: Readonly<Record<string, Shape | { readonly optional: Shape }>>,
  source: Readonly<Record<string, unknown>>,
  path: string,
): unknown {
  const unknownName = Object.keys(source).find((name) => !Object.hasOwn(fields, name));
  if (unknownName !== undefined) throw new RangeError(`${path}.${unknownName} is no field that this version knows`);
  const made: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    const one = Object.hasOwn(source, name) ? source[name] : undefined;
    if (one === undefined && isOptional(field)) continue;
    made[name] = restored(innerOf(field), one, `${path}.${name}`);
  }
  return made;
}

function restoredScalar(shape: 'text' | 'number' | 'flag', value: unknown, path: string): unknown {
  const type = { text: 'string', number: 'number', flag: 'boolean' }[shape];
  if (typeof value !== type || (shape === 'number' && !Number.isFinite(value))) throw fault(path, `a ${shape}`);
  return value;
}

function listAt(value: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(value)) throw fault(path, 'a list');
  return value;
}

function isOptional(field: Shape | { readonly optional: Shape }): field is { readonly optional: Shape } {
  return typeof field === 'object' && 'optional' in field;
}

function innerOf(field: Shape | { readonly optional: Shape } | undefined): Shape {
  if (field === undefined) return 'text';
  return isOptional(field) ? field.optional : field;
}

function fault(path: string, expected: string): RangeError {
  return new RangeError(`${path}: expected ${expected}`);
}
