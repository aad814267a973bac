import ts from 'typescript';

/**
 * The source with every comment and every text (strings, template text, regular expressions) blanked, so that a rule
 * about code meets code only. Lines and columns stay where they are.
 */
export function codeOnly(path: string, source: string): string {
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true);
  const texts: (readonly [number, number])[] = [];
  const visit = (node: ts.Node): void => {
    if (isText(node)) texts.push([node.getStart(file), node.getEnd()]);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return blankComments(blank(source, texts));
}

function isText(node: ts.Node): boolean {
  return (
    ts.isStringLiteral(node) ||
    ts.isNoSubstitutionTemplateLiteral(node) ||
    ts.isTemplateHead(node) ||
    ts.isTemplateMiddleOrTemplateTail(node) ||
    ts.isRegularExpressionLiteral(node)
  );
}

function blank(source: string, parts: readonly (readonly [number, number])[]): string {
  let result = '';
  let from = 0;
  for (const [start, end] of parts) {
    result += source.slice(from, start) + `'${spaces(source.slice(start + 1, end - 1))}'`;
    from = end;
  }
  return result + source.slice(from);
}

/** With the texts gone, what looks like a comment is one. */
function blankComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, spaces);
}

function spaces(text: string): string {
  return text.replace(/[^\n]/g, ' ');
}
