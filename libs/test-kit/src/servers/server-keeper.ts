import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageOf } from '@millrace/kernel';
import { SERVER_NAMES, type ServerName } from '../test-environment.js';
import { startServer, type StartedServer } from './start-server.js';

/** Starts each server at most once, when it is first asked for, for all test files of a run. */
export interface ServerKeeper {
  /** `GET <url>/<server>` answers its address, or 503 with the reason why it can't be had. */
  readonly url: string;
  /** Stops every server that it started. */
  close(): Promise<void>;
}

export async function startServerKeeper(start: typeof startServer = startServer): Promise<ServerKeeper> {
  const started = new Map<ServerName, Promise<StartedServer>>();
  const server = createServer((request, response) => {
    const name = SERVER_NAMES.find((known) => request.url === `/${known}`);
    if (name === undefined) return void response.writeHead(404).end();
    const pending = started.get(name) ?? start(name);
    started.set(name, pending);
    pending.then(
      ({ address }) => response.end(JSON.stringify(address)),
      (error: unknown) => response.writeHead(503).end(messageOf(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = async (): Promise<void> => {
    await closeServer(server);
    const ends = await Promise.allSettled(started.values());
    await Promise.all(ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value.stop()] : [])));
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
