import type { OutgoingRecord } from '@millrace/messaging/ports';

/** One line of a spool file: a record that was appended, or the ids that were acknowledged. */
export type SpoolLine =
  | { readonly kind: 'record'; readonly id: number; readonly record: OutgoingRecord }
  | { readonly kind: 'acknowledged'; readonly ids: readonly number[] };

/** JSON and a line feed; the value as base64, since it is bytes. */
export function encodeLine(line: SpoolLine): string {
  if (line.kind === 'acknowledged') return `${JSON.stringify({ a: line.ids })}\n`;
  const { topic, key, headers, value } = line.record;
  return `${JSON.stringify({ i: line.id, t: topic, k: key, h: headers, v: Buffer.from(value).toString('base64') })}\n`;
}

/** The line, or undefined when it is torn or damaged. */
export function decodeLine(text: string): SpoolLine | undefined {
  const value = parseObject(text);
  if (value === undefined) return undefined;
  const ids: unknown = value['a'];
  if (Array.isArray(ids)) return { kind: 'acknowledged', ids: ids.filter((id) => typeof id === 'number') };
  const { i: id, t: topic, k: key, h: headers, v: body } = value;
  if (typeof id !== 'number' || typeof topic !== 'string' || typeof key !== 'string') return undefined;
  if (typeof body !== 'string' || typeof headers !== 'object' || headers === null) return undefined;
  const record = { topic, key, headers: headers as OutgoingRecord['headers'], value: Buffer.from(body, 'base64') };
  return { kind: 'record', id, record };
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
