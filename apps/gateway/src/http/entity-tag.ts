/** A weak entity tag of the facts an answer is made of. */
export function weakTag(facts: readonly (string | number | null | undefined)[]): string {
  return `W/"${facts.map((fact) => fact ?? '').join('.')}"`;
}

/** Whether an If-None-Match header names the tag (weak comparison, RFC 9110 section 13.1.2). */
export function matchesTag(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  const opaque = (value: string): string => value.trim().replace(/^W\//, '');
  return header.trim() === '*' || header.split(',').some((one) => opaque(one) === opaque(tag));
}
