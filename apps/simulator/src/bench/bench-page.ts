/** A cell's part of docs/benchmarks/scheduling.md: a heading of level 2, and what the cell says. */
export interface PageSection {
  readonly heading: string;
  /** Headings from level 3 on. */
  readonly markdown: string;
}

/**
 * The page with these sections written anew. Sections of an earlier page that were not run stay as they were, so that
 * one cell can be measured again alone; what stands before its first section stays too.
 */
export function writePage(
  intro: string,
  sections: readonly PageSection[],
  order: readonly string[],
  earlier = '',
): string {
  const [before = '', ...old] = earlier.split(/^(?=## )/m);
  const known = new Map(old.map((text) => [headingOf(text), text.trimEnd()]));
  for (const { heading, markdown } of sections) known.set(heading, `## ${heading}\n\n${markdown.trim()}`);
  const ranked = [...known].toSorted(([a], [b]) => rank(order, a) - rank(order, b));
  return `${[before.trim() === '' ? intro.trim() : before.trim(), ...ranked.map(([, text]) => text)].join('\n\n')}\n`;
}

function headingOf(section: string): string {
  return (section.split('\n')[0] ?? '').replace(/^## /, '').trim();
}

/** Sections that belong to no cell come last, in the order they had. */
function rank(order: readonly string[], heading: string): number {
  const index = order.indexOf(heading);
  return index < 0 ? order.length : index;
}
