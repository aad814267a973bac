import { LineCounter, isAlias, isMap, isScalar, isSeq, parseDocument, type Document, type Node, type Pair } from 'yaml';
import { UsageError } from '../command-line/usage-error.js';

/** Faults told at once; one wrong indent can make hundreds. */
const FAULTS_TOLD_MAX = 20;

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/;
/** Names stand in paths of expectations, so they have no dot. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** Bounds of a number, both included. */
export interface NumberRange {
  readonly min: number;
  readonly max: number;
  readonly whole?: boolean;
}

/** The file being read, and what is wrong in it. Readers go on after a fault, so that one run tells them all. */
export class FaultList {
  private readonly faults: { readonly line: number; readonly col: number; readonly text: string }[] = [];

  constructor(
    private readonly file: string,
    private readonly lines: LineCounter,
  ) {}

  /** Notes a fault at an offset of the text: `file:line:column: field: message`. */
  add(offset: number, field: string, message: string): void {
    const { line, col } = this.lines.linePos(offset);
    const text = `${this.placeOf(offset)}: ${field === '' ? '' : `${field}: `}${message}`;
    this.faults.push({ line, col, text });
  }

  placeOf(offset: number): string {
    const { line, col } = this.lines.linePos(offset);
    return `${this.file}:${line}:${col}`;
  }

  /** Throws a UsageError with every fault, in the order of the file, if there is one. */
  throwIfAny(): void {
    if (this.faults.length === 0) return;
    const sorted = this.faults.toSorted((a, b) => a.line - b.line || a.col - b.col).map(({ text }) => text);
    const more = sorted.length - FAULTS_TOLD_MAX;
    throw new UsageError([...sorted.slice(0, FAULTS_TOLD_MAX), ...(more > 0 ? [`… and ${more} more`] : [])].join('\n'));
  }
}

/** A place in the file: a value (or none, where a field is missing), its path and its offset. */
export class Field {
  constructor(
    private readonly document: Document,
    private readonly faults: FaultList,
    private readonly node: Node | null | undefined,
    readonly path: string,
    /** Where to point when the value itself is missing. */
    private readonly fallbackOffset: number,
  ) {}

  get present(): boolean {
    return this.node != null && !(isScalar(this.node) && this.node.value === null);
  }

  /** `file:line:column`. */
  get place(): string {
    return this.faults.placeOf(this.offset);
  }

  fault(message: string): void {
    this.faults.add(this.offset, this.path, message);
  }

  /** A place further in, by names and indexes, to say that what stands there is wrong. */
  at(...steps: readonly (string | number)[]): Field {
    const [step, ...rest] = steps;
    if (step === undefined) return this;
    const next = typeof step === 'number' ? this.items()[step] : this.entries().find(([name]) => name === step)?.[1];
    return next === undefined ? this : next.at(...rest);
  }

  text(expected = 'a text'): string {
    const value = this.scalar();
    if (typeof value === 'string' && value !== '') return value;
    this.wrong(expected);
    return '';
  }

  name(): string {
    const text = this.text('a name');
    if (text !== '' && !NAME.test(text)) this.wrong('a name of letters, digits, - and _');
    return text;
  }

  number({ min, max, whole = false }: NumberRange): number {
    const value = this.scalar();
    if (typeof value === 'number' && value >= min && value <= max && (!whole || Number.isInteger(value))) return value;
    this.wrong(`${whole ? 'a whole number' : 'a number'} from ${min} to ${max}`);
    return min;
  }

  flag(): boolean {
    const value = this.scalar();
    if (typeof value === 'boolean') return value;
    this.wrong('true or false');
    return false;
  }

  /** `250ms`, `90s`, `5m`, `1.5h` or `2d`, in milliseconds. */
  durationMs(minMs = 0): number {
    const value = this.scalar();
    const [, count, unit] = (typeof value === 'string' ? DURATION.exec(value) : null) ?? [];
    const durationMs = Number(count) * (UNITS_MS[unit ?? ''] ?? NaN);
    if (durationMs >= minMs) return durationMs;
    this.wrong(minMs > 0 ? `a duration of at least ${minMs / 1_000}s, such as 90s` : 'a duration, such as 90s or 1.5h');
    return Math.max(minMs, 1);
  }

  oneOf<Choice extends string>(choices: readonly Choice[]): Choice {
    const value = this.scalar();
    const found = choices.find((choice) => choice === value);
    if (found !== undefined) return found;
    this.wrong(`one of ${choices.join(', ')}`);
    return choices[0] as Choice;
  }

  get isMap(): boolean {
    return isMap(this.resolved());
  }

  get isList(): boolean {
    return isSeq(this.resolved());
  }

  items(expected = 'a list'): readonly Field[] {
    const node = this.resolved();
    if (isSeq(node)) return node.items.map((item, index) => this.child(item as Node, `${this.path}[${index}]`));
    this.wrong(expected);
    return [];
  }

  /** The fields of a mapping, by name. `named` mappings have the caller's own names as keys. */
  entries(): readonly (readonly [string, Field])[] {
    const node = this.resolved();
    if (!isMap(node)) {
      this.wrong('a mapping, one entry a line');
      return [];
    }
    return node.items.map((pair: Pair) => {
      const key = isScalar(pair.key) ? String(pair.key.value) : '?';
      const path = this.path === '' ? key : `${this.path}.${key}`;
      return [key, this.child(pair.value as Node | null, path, (pair.key as Node | null)?.range?.[0])] as const;
    });
  }

  /** A mapping whose fields are known. Every other field is a fault that names the known ones. */
  fields<Name extends string>(known: readonly Name[]): FieldSet<Name> {
    const entries = this.entries();
    for (const [name, field] of entries)
      if (!known.some((one) => one === name)) field.fault(`there is no such field; known are ${known.join(', ')}`);
    return new FieldSet<Name>(this, new Map(entries));
  }

  missing(name: string): Field {
    const path = this.path === '' ? name : `${this.path}.${name}`;
    return new Field(this.document, this.faults, undefined, path, this.offset);
  }

  private get offset(): number {
    return this.node?.range?.[0] ?? this.fallbackOffset;
  }

  private child(node: Node | null, path: string, offset = this.fallbackOffset): Field {
    return new Field(this.document, this.faults, node, path, offset);
  }

  private resolved(): Node | null | undefined {
    return isAlias(this.node) ? this.node.resolve(this.document) : this.node;
  }

  private scalar(): unknown {
    const node = this.resolved();
    return isScalar(node) ? node.value : undefined;
  }

  private wrong(expected: string): void {
    const value = this.scalar();
    if (!this.present) this.fault(`is missing; expected ${expected}`);
    else this.fault(`expected ${expected}, not ${value === undefined ? 'a mapping or list' : JSON.stringify(value)}`);
  }
}

/** The fields of one mapping. */
export class FieldSet<Name extends string> {
  constructor(
    private readonly owner: Field,
    private readonly found: ReadonlyMap<string, Field>,
  ) {}

  has(name: Name): boolean {
    return this.found.get(name)?.present === true;
  }

  /** A field that must be there: reading it where it is missing is a fault. */
  get(name: Name): Field {
    return this.found.get(name) ?? this.owner.missing(name);
  }

  /** What `read` makes of the field, or the fallback where it is missing. */
  optional<Value, Fallback>(name: Name, fallback: Fallback, read: (field: Field) => Value): Value | Fallback {
    return this.has(name) ? read(this.get(name)) : fallback;
  }
}

/** The root of a YAML text. Throws a UsageError on text that is no YAML, with its place. */
export function readYaml(file: string, text: string): { readonly root: Field; readonly faults: FaultList } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const faults = new FaultList(file, lines);
  for (const { pos, message } of [...document.errors, ...document.warnings])
    faults.add(pos[0], '', (message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, ''));
  faults.throwIfAny();
  const root = new Field(document as Document, faults, document.contents, '', 0);
  return { root, faults };
}
