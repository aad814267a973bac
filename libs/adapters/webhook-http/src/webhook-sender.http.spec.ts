import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '@millrace/kernel';
import { STRICT_RULES } from '@millrace/notifications';
import type { WebhookRequest } from '@millrace/notifications/ports';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import { createHttpImageTransport } from './image-transport.http.js';
import type { ResolveAll } from './vetted-agent.js';
import { createHttpWebhookSender } from './webhook-sender.http.js';

const LOCAL = { ...STRICT_RULES, allowLoopback: true };
const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const OTHER = `whsec_${Buffer.alloc(32, 8).toString('base64')}`;
const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => new Promise((resolve) => server.close(resolve)));
  return (server.address() as AddressInfo).port;
}

interface Received {
  readonly headers: Record<string, string>;
  readonly body: string;
}

async function receiver(
  answer: (request: IncomingMessage, response: ServerResponse) => void = (_, response) => response.writeHead(204).end(),
) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      received.push({ headers: request.headers as Record<string, string>, body });
      answer(request, response);
    });
  });
  server.keepAliveTimeout = 1;
  return { port: await listen(server), received };
}

function sender(options: { rules?: typeof LOCAL; resolve?: ResolveAll } = {}) {
  const made = createHttpWebhookSender({
    rules: options.rules ?? LOCAL,
    clock: systemClock,
    ...(options.resolve ? { resolve: options.resolve } : {}),
  });
  closers.push(() => made.close());
  return made;
}

const webhook = (url: string, overrides: Partial<WebhookRequest> = {}): WebhookRequest => ({
  url,
  eventId: '01890a5d-ac96-774b-bcce-b302099a805a',
  sentAt: systemClock.now(),
  body: JSON.stringify({ type: 'task.completed', data: { task_id: 'x' } }),
  secrets: [SECRET],
  traceparent: undefined,
  ...overrides,
});

describe('Standard Webhooks over HTTP', () => {
  it('verifies with the stock library, and another secret is refused by it (P15)', async () => {
    const { port, received } = await receiver();
    expect(await sender().send(webhook(`http://127.0.0.1:${port}/hook`))).toMatchObject({
      statusCode: 204,
      error: null,
    });
    const [{ headers, body }] = received as [Received];
    expect(new Webhook(SECRET).verify(body, headers)).toMatchObject({ type: 'task.completed' });
    expect(() => new Webhook(OTHER).verify(body, headers)).toThrow(WebhookVerificationError);
    expect(() => new Webhook(SECRET).verify(`${body} `, headers)).toThrow(WebhookVerificationError);
  });

  it('signs with both secrets while they rotate (P15)', async () => {
    const { port, received } = await receiver();
    await sender().send(webhook(`http://127.0.0.1:${port}/`, { secrets: [SECRET, OTHER] }));
    for (const secret of [SECRET, OTHER])
      expect(() => new Webhook(secret).verify(received[0]!.body, received[0]!.headers)).not.toThrow();
  });

  it.each([
    [500, 'status_5xx'],
    [404, 'status_4xx'],
    [410, 'gone'],
    [302, 'redirect'],
  ] as const)('%i is %s', async (status, error) => {
    const canary = await receiver();
    const { port } = await receiver((_, response) =>
      response.writeHead(status, { location: `http://127.0.0.1:${canary.port}/`, 'retry-after': '7' }).end('why'),
    );
    expect(await sender().send(webhook(`http://127.0.0.1:${port}/`))).toMatchObject({
      statusCode: status,
      error,
      retryAfterMs: 7000,
    });
    expect(canary.received).toEqual([]);
  });

  it('keeps nothing of an answer from a private address', async () => {
    const { port } = await receiver((_, response) => response.writeHead(500).end('internal secret'));
    expect(await sender().send(webhook(`http://127.0.0.1:${port}/`))).not.toHaveProperty('answer');
  });

  it('cuts off an answer that is far too long, and reports resets as connection faults', async () => {
    const flood = await receiver((_, response) => response.writeHead(200).end(Buffer.alloc(10_000_000)));
    expect(await sender().send(webhook(`http://127.0.0.1:${flood.port}/`))).toMatchObject({
      statusCode: 200,
      error: 'response_too_large',
    });
    const reset = createTcpServer((socket) => socket.resetAndDestroy());
    expect(await sender().send(webhook(`http://127.0.0.1:${await listen(reset)}/`))).toMatchObject({
      statusCode: null,
      error: 'connection',
    });
  });
});

describe('no byte reaches a non-public address (P17)', () => {
  it('literal and by name, when the name resolves to loopback', async () => {
    const canary = await receiver();
    const rebinding: ResolveAll = async () => [
      { address: '8.8.8.8', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ];
    const strict = sender({
      rules: { ...STRICT_RULES, allowHttp: true, ports: [canary.port], allowLoopback: false },
      resolve: rebinding,
    });
    for (const url of [
      `http://127.0.0.1:${canary.port}/`,
      `http://localhost:${canary.port}/`,
      `http://rebind.example:${canary.port}/`,
    ]) {
      expect(await strict.send(webhook(url))).toMatchObject({ statusCode: null, error: 'refused_address' });
    }
    expect(canary.received).toEqual([]);
  });
});

describe('images from URLs', () => {
  const WANTED = { maxBytes: 1000, timeoutMs: 2000 };
  const transport = () => {
    const made = createHttpImageTransport({ rules: LOCAL });
    closers.push(() => made.close());
    return made;
  };

  it('follows three redirects, and not a fourth', async () => {
    const { port } = await receiver((request, response) => {
      const left = Number(request.url?.slice(1));
      if (left === 0) return response.writeHead(200).end('picture');
      response.writeHead(302, { location: `/${left - 1}` }).end();
    });
    expect(Buffer.from(await transport().download(`http://127.0.0.1:${port}/3`, WANTED)).toString()).toBe('picture');
    await expect(transport().download(`http://127.0.0.1:${port}/4`, WANTED)).rejects.toMatchObject({
      code: 'image_unreadable',
    });
  });

  it('refuses what is too large, missing, or redirects to a refused address', async () => {
    const large = await receiver((_, response) => response.writeHead(200).end(Buffer.alloc(2000)));
    const missing = await receiver((_, response) => response.writeHead(404).end());
    const sly = await receiver((_, response) => response.writeHead(302, { location: 'http://10.0.0.1/' }).end());
    await expect(transport().download(`http://127.0.0.1:${large.port}/`, WANTED)).rejects.toMatchObject({
      code: 'image_unreadable',
      retriable: false,
    });
    await expect(transport().download(`http://127.0.0.1:${missing.port}/`, WANTED)).rejects.toMatchObject({
      code: 'image_unreadable',
      retriable: false,
    });
    await expect(transport().download(`http://127.0.0.1:${sly.port}/`, WANTED)).rejects.toMatchObject({
      code: 'address_refused',
    });
  });
});
