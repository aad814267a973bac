import { createServer as createHttpServer, type Server, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { sleep, systemClock } from '@millrace/kernel';

const BIG_BYTES = 10 * 1024 * 1024;
const DRIP_MS = 1_000;

/** An endpoint that misbehaves, and what the delivery log must say of it. */
export interface HostileEndpoint {
  readonly name: string;
  readonly url: string;
  readonly wantError: RegExp;
}

export interface HostileEndpoints {
  readonly endpoints: readonly HostileEndpoint[];
  /** Requests that reached the address that the redirect names. */
  readonly canaryHits: number;
  close(): Promise<void>;
}

/** The list of guarantees.md section 6: 500, hangs, drips, resets, redirects to loopback, 10 MB, breaks TLS. */
export async function startHostileEndpoints(): Promise<HostileEndpoints> {
  let canaryHits = 0;
  const sockets = new Set<Socket>();
  const servers: (Server | TcpServer)[] = [];
  const listen = async (server: Server | TcpServer): Promise<number> => {
    server.on('connection', (socket: Socket) => {
      sockets.add(socket.on('error', () => {}));
      socket.once('close', () => sockets.delete(socket));
    });
    servers.push(server.listen(0, '127.0.0.1'));
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const http = (answer: (response: ServerResponse) => unknown): Promise<number> =>
    listen(createHttpServer((request, response) => request.resume().once('end', () => answer(response))));
  const tcp = (take: (socket: Socket) => unknown): Promise<number> => listen(createTcpServer(take));

  const canary = await http((response) => {
    canaryHits++;
    response.writeHead(204).end();
  });
  const plain = async (name: string, port: Promise<number>, wantError: RegExp, scheme = 'http') => ({
    name,
    url: `${scheme}://127.0.0.1:${await port}/${name}`,
    wantError,
  });
  const location = `http://127.0.0.1:${canary}/canary`;
  const endpoints = await Promise.all([
    plain(
      'answers-500',
      http((response) => response.writeHead(500).end('no')),
      /^status_5xx$/,
    ),
    plain(
      'hangs',
      http(() => {}),
      /^timeout$/,
    ),
    plain('drips', http(drip), /^timeout$/),
    plain(
      'resets',
      tcp((socket) => socket.once('data', () => socket.resetAndDestroy())),
      /^connection$/,
    ),
    plain(
      'redirects',
      http((response) => response.writeHead(307, { location }).end()),
      /^redirect$/,
    ),
    plain(
      'sends-10-mb',
      http((response) => response.writeHead(200).end(Buffer.alloc(BIG_BYTES))),
      /^response_too_large$/,
    ),
    plain(
      'breaks-tls',
      tcp((socket) => socket.once('data', () => socket.end('not tls'))),
      /^(tls|connection)$/,
      'https',
    ),
  ]);
  return {
    endpoints,
    get canaryHits() {
      return canaryHits;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    },
  };
}

/** A byte a second, for ever. */
async function drip(response: ServerResponse): Promise<void> {
  response.writeHead(200);
  while (!response.destroyed) {
    response.write('.');
    await sleep(systemClock, DRIP_MS);
  }
}
