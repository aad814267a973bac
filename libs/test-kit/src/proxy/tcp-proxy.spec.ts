import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '@millrace/kernel';
import { eventually } from '../eventually.js';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.js';

interface Client {
  readonly socket: Socket;
  heard(): string;
  /** Undefined while it is open. */
  readonly end: { error?: string } | undefined;
}

describe('startTcpProxy', () => {
  const echo = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      seen += chunk.toString();
      socket.write(chunk);
    });
  });
  let seen = '';
  let proxy: TcpProxy;

  beforeEach(async () => {
    seen = '';
    echo.listen(0, '127.0.0.1');
    await once(echo, 'listening');
    proxy = await startTcpProxy({ port: (echo.address() as AddressInfo).port });
  });

  afterEach(async () => {
    await proxy.close();
    echo.close();
    await once(echo, 'close');
  });

  async function client(): Promise<Client> {
    const socket = connect(proxy.port, '127.0.0.1');
    let text = '';
    const found: { end?: { error?: string } } = {};
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('error', (error: NodeJS.ErrnoException) => (found.end = { error: String(error.code) }));
    socket.on('close', () => (found.end ??= {}));
    await once(socket, 'connect');
    return {
      socket,
      heard: () => text,
      get end() {
        return found.end;
      },
    };
  }

  it('passes bytes both ways, and the end of both', async () => {
    const { socket, heard } = await client();
    socket.write('hello');
    await eventually(() => expect(heard()).toBe('hello'));
    socket.end();
    await once(socket, 'close');
    await eventually(() => expect(proxy.openConnections).toBe(0));
  });

  it('carries a big body whole', async () => {
    const { socket, heard } = await client();
    const body = 'x'.repeat(3 * 1024 * 1024);
    socket.write(body);
    await eventually(() => expect(heard()).toHaveLength(body.length));
  });

  it('delays', async () => {
    const { socket, heard } = await client();
    proxy.set({ kind: 'latency', ms: 60 });
    const startedMs = systemClock.monotonicMs();
    socket.write('late');
    await eventually(() => expect(heard()).toBe('late'), { intervalMs: 5 });
    expect(systemClock.monotonicMs() - startedMs).toBeGreaterThanOrEqual(115);
  });

  it('cuts open and new connections, until it no longer does', async () => {
    const open = await client();
    proxy.set({ kind: 'cut' });
    await eventually(() => expect(open.end).toEqual({}));
    const next = await client();
    await eventually(() => expect(next.end).toEqual({}));
    proxy.set({ kind: 'none' });
    const { socket, heard } = await client();
    socket.write('again');
    await eventually(() => expect(heard()).toBe('again'));
  });

  it('resets', async () => {
    const open = await client();
    proxy.set({ kind: 'reset' });
    await eventually(() => expect(open.end).toEqual({ error: 'ECONNRESET' }));
  });

  it('swallows everything while half-open, and passes it on afterwards', async () => {
    const { socket, heard } = await client();
    proxy.set({ kind: 'half-open' });
    socket.write('later');
    const next = await client();
    next.socket.write('too');
    await expect(eventually(() => expect(seen).not.toBe(''), { timeoutMs: 80 })).rejects.toThrow();
    expect([heard(), next.end]).toEqual(['', undefined]);
    proxy.set({ kind: 'none' });
    await eventually(() => expect([heard(), next.heard()]).toEqual(['later', 'too']));
  });

  it('drips', async () => {
    const { socket, heard } = await client();
    proxy.set({ kind: 'drip', bytesPerSecond: 100 });
    socket.write('0123456789'.repeat(4));
    await eventually(() => expect(heard().length).toBeGreaterThan(0));
    expect(heard().length).toBeLessThan(40);
    await eventually(() => expect(heard()).toHaveLength(40));
  });

  it.each([
    ['before', ''],
    ['after', 'COMMIT'],
  ] as const)('cuts %s a text, at each second match: the server saw %p', async (when, want) => {
    proxy.cutWhen({ text: 'COMMIT', when, every: 2 });
    const first = await client();
    first.socket.write('COMMIT');
    await eventually(() => expect(first.heard()).toBe('COMMIT'));
    seen = '';
    const second = await client();
    second.socket.write('COMMIT');
    await eventually(() => expect(second.end).toEqual({ error: 'ECONNRESET' }));
    expect([second.heard(), proxy.cuts, first.end]).toEqual(['', 1, undefined]);
    await eventually(() => expect(seen).toBe(want));
  });

  it('stands in URLs', () => {
    const { port } = proxy;
    expect(proxy.through('postgres://me:secret@localhost:5432/data')).toBe(
      `postgres://me:secret@127.0.0.1:${port}/data`,
    );
    expect(proxy.through('http://127.0.0.1:9000')).toBe(`http://127.0.0.1:${port}`);
  });
});
