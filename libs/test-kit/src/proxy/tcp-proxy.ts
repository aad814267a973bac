import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { sleep, systemClock } from '@millrace/kernel';
import { NO_FAULT, type CutRule, type ProxyFault } from './proxy-fault.js';

const DRIP_SLICES_PER_S = 10;
const DRIP_SLICE_MS = 1000 / DRIP_SLICES_PER_S;

export interface TcpProxy {
  readonly port: number;
  /** The same URL by way of this proxy. */
  through(url: string): string;
  /** From now on, for open connections and for new ones. */
  set(fault: ProxyFault): void;
  /** Cuts connections by what their clients say. Undefined: no longer. */
  cutWhen(rule: CutRule | undefined): void;
  /** Connections that `cutWhen` has cut so far. */
  readonly cuts: number;
  readonly openConnections: number;
  close(): Promise<void>;
}

/** Stands between a program and a server on this machine, and fails as networks do, switchable while it runs. */
export async function startTcpProxy(target: { readonly host?: string; readonly port: number }): Promise<TcpProxy> {
  const proxy = new Proxy({ host: target.host ?? '127.0.0.1', port: target.port });
  await proxy.listen();
  return proxy;
}

class Proxy implements TcpProxy {
  cuts = 0;
  private fault: ProxyFault = NO_FAULT;
  private rule: CutRule | undefined;
  private matches = 0;
  private faultChanged = Promise.withResolvers<void>();
  private readonly pairs = new Map<Socket, Socket>();
  private readonly server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.take(client));

  constructor(private readonly target: { readonly host: string; readonly port: number }) {}

  async listen(): Promise<void> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get openConnections(): number {
    return this.pairs.size;
  }

  through(url: string): string {
    const changed = new URL(url);
    changed.hostname = '127.0.0.1';
    changed.port = String(this.port);
    return changed.href.replace(/\/$/, url.endsWith('/') ? '/' : '');
  }

  set(fault: ProxyFault): void {
    this.fault = fault;
    this.faultChanged.resolve();
    this.faultChanged = Promise.withResolvers();
    if (fault.kind === 'cut' || fault.kind === 'reset') for (const client of this.pairs.keys()) this.end(client);
  }

  cutWhen(rule: CutRule | undefined): void {
    this.rule = rule;
    this.matches = 0;
  }

  async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.set({ kind: 'reset' });
    await closed;
  }

  private take(client: Socket): void {
    // What a broken connection says is no failure of the proxy.
    client.on('error', () => {});
    if (this.fault.kind === 'reset') return void client.resetAndDestroy();
    if (this.fault.kind === 'cut') return void client.destroy();
    const server = connect({ ...this.target, allowHalfOpen: true, noDelay: true });
    server.on('error', () => client.destroy());
    this.pairs.set(client, server);
    client.once('close', () => {
      this.pairs.delete(client);
      server.destroy();
    });
    server.once('close', () => client.destroySoon());
    void this.pump(client, server, (chunk) => this.cutPointOf(chunk));
    void this.pump(server, client, () => undefined);
  }

  private async pump(
    from: Socket,
    to: Socket,
    cutPoint: (chunk: Buffer) => CutRule['when'] | undefined,
  ): Promise<void> {
    try {
      for await (const chunk of from as AsyncIterable<Buffer>) {
        const cut = cutPoint(chunk);
        if (cut === 'before') return this.cut(from);
        await this.pass(chunk, to);
        if (cut === 'after') return this.cut(from);
      }
      to.end();
    } catch {
      from.destroy();
    }
  }

  /** Hands a chunk on, as the fault of the moment has it. */
  private async pass(chunk: Buffer, to: Socket): Promise<void> {
    while (this.fault.kind === 'half-open' && !to.destroyed) await this.faultChanged.promise;
    if (this.fault.kind === 'latency') await sleep(systemClock, this.fault.ms);
    if (this.fault.kind === 'drip') return this.drip(chunk, to);
    await write(to, chunk);
  }

  private async drip(chunk: Buffer, to: Socket): Promise<void> {
    for (let rest = chunk; rest.byteLength > 0 && !to.destroyed;) {
      const size =
        this.fault.kind === 'drip' ? Math.ceil(this.fault.bytesPerSecond / DRIP_SLICES_PER_S) : rest.byteLength;
      await write(to, rest.subarray(0, size));
      rest = rest.subarray(size);
      if (rest.byteLength > 0) await sleep(systemClock, DRIP_SLICE_MS);
    }
  }

  private cutPointOf(chunk: Buffer): CutRule['when'] | undefined {
    if (this.rule === undefined || !chunk.includes(this.rule.text)) return undefined;
    this.matches++;
    return this.matches % this.rule.every === 0 ? this.rule.when : undefined;
  }

  private cut(client: Socket): void {
    this.cuts++;
    client.resetAndDestroy();
  }

  private end(client: Socket): void {
    if (this.fault.kind === 'reset') client.resetAndDestroy();
    else client.destroy();
  }
}

async function write(to: Socket, chunk: Buffer): Promise<void> {
  if (to.destroyed || !to.writable) throw new Error('the other side is gone');
  if (!to.write(chunk)) await Promise.race([once(to, 'drain'), once(to, 'close')]);
}
