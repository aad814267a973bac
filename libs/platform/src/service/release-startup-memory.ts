import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Gives back what loading the code left behind: V8 grows its young generation meanwhile, and an idle process would keep
 * it for ever (144 MiB resident before, 107 after, with the modules of a service; it takes some 0.1 s). P23.
 */
export function releaseStartupMemory(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as NodeJS.GCFunction;
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
