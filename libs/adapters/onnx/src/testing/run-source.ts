import { spawn, type ChildProcess } from 'node:child_process';

/** Sources name their neighbours by the built names. */
const RESOLVE_SOURCES = `
import { registerHooks } from 'node:module';
registerHooks({
  resolve: (specifier, context, next) =>
    next(specifier.startsWith('.') ? specifier.replace(/\\.js$/, '.ts') : specifier, context),
});`;

/** Runs an ES module text in a process of its own, with this repository's sources. Its output is piped. */
export function runSource(moduleText: string): ChildProcess {
  const hooks = `data:text/javascript,${encodeURIComponent(RESOLVE_SOURCES)}`;
  const flags = ['--conditions=source', '--experimental-transform-types', '--no-warnings', '--import', hooks];
  return spawn(process.execPath, [...flags, '--input-type=module', '-e', moduleText], { stdio: 'pipe' });
}
