// Lets plain Node run this workspace's TypeScript without a build, for the server keeper of a test run: `x.js` that is not
// there becomes `x.ts`, packages resolve by their `source` condition, and swc compiles with the settings of the tests.
import { existsSync, readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/core';

const OPTIONS = JSON.parse(readFileSync(new URL('../../../.swcrc', import.meta.url), 'utf8'));

registerHooks({
  resolve(specifier, context, next) {
    const conditions = [...(context.conditions ?? []), 'source'];
    return next(asTypeScript(specifier, context.parentURL) ?? specifier, { ...context, conditions });
  },
  load(url, context, next) {
    if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context);
    const filename = fileURLToPath(url);
    const { code } = transformSync(readFileSync(filename, 'utf8'), { ...OPTIONS, swcrc: false, filename });
    return { format: 'module', source: code, shortCircuit: true };
  },
});

function asTypeScript(specifier, parentUrl) {
  if (!specifier.startsWith('.') || !specifier.endsWith('.js') || parentUrl === undefined) return undefined;
  const source = new URL(specifier.replace(/\.js$/, '.ts'), parentUrl);
  return source.protocol === 'file:' && existsSync(source) ? source.href : undefined;
}
