// Ends the server keeper, and with it every server that it started.
import { once } from 'node:events';

export default async function stopKeeper() {
  const keeper = globalThis.millraceTestKeeper;
  if (keeper === undefined || keeper.exitCode !== null) return;
  const ended = once(keeper, 'exit');
  keeper.stdin.end();
  await ended;
}
