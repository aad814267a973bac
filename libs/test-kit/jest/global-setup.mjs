// Starts the server keeper of this test run; test files find it by MILLRACE_TEST_KEEPER and ask it for servers.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export default async function startKeeper() {
  if (process.env.MILLRACE_TEST_KEEPER) return;
  const hooks = new URL('./typescript-hooks.mjs', import.meta.url).href;
  const program = fileURLToPath(new URL('../src/servers/keeper-main.ts', import.meta.url));
  const child = spawn(process.execPath, ['--no-warnings', '--import', hooks, program], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const firstLine = once(createInterface({ input: child.stdout }), 'line');
  const ended = once(child, 'exit').then(([code]) =>
    Promise.reject(new Error(`the server keeper ended with status ${code}`)),
  );
  const [url] = await Promise.race([firstLine, ended]);
  ended.catch(() => {});
  process.env.MILLRACE_TEST_KEEPER = url;
  globalThis.millraceTestKeeper = child;
}
