import { startServerKeeper } from './server-keeper.js';

/**
 * The keeper as a program: writes its URL, and ends with all its servers when its standard input closes. So nothing is
 * left running even where the test run was killed.
 */
const keeper = await startServerKeeper();
const end = (): void => void keeper.close().finally(() => process.exit(0));
process.stdin.resume();
process.stdin.once('end', end);
process.once('SIGTERM', end);
// Ctrl-C reaches the whole process group; the servers are stopped when the test run closes the input.
process.on('SIGINT', () => {});
process.stdout.write(`${keeper.url}\n`);
