import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, withTimeout } from './eventually.js';
import { makeOnce } from './process/make-once.js';
import { startServerProcess } from './process/server-process.js';
import { startOtlpReceiver } from './receivers/otlp-receiver.js';
import { startWebhookReceiver } from './receivers/webhook-receiver.js';
import { requireServer } from './servers/require-server.js';
import { startServerKeeper } from './servers/server-keeper.js';
import type { startServer } from './servers/start-server.js';
import { readTestEnvironment } from './test-environment.js';

describe('eventually', () => {
  it('returns what the first try that does not throw returns', async () => {
    let tries = 0;
    const value = await eventually(() => {
      tries += 1;
      if (tries < 3) throw new Error('not yet');
      return tries;
    });
    expect(value).toBe(3);
  });

  it('says at the deadline what failed last', async () => {
    const failing = eventually(() => Promise.reject(new Error('still 2 of 3')), { timeoutMs: 30, intervalMs: 5 });
    await expect(failing).rejects.toThrow('not so within 30 ms; last failure: still 2 of 3');
  });

  it('ends a wait for a promise that never settles', async () => {
    await expect(withTimeout(new Promise(() => {}), 10, 'the answer')).rejects.toThrow(
      'the answer: nothing after 10 ms',
    );
    await expect(withTimeout(Promise.resolve(1), 10, 'the answer')).resolves.toBe(1);
  });
});

describe('test environment', () => {
  it('reads what is set and leaves out what is empty', () => {
    const environment = readTestEnvironment({ KAFKA_BROKERS: 'a:1, b:2', DATABASE_URL: ' ', MILLRACE_CACHE: '/c' });
    expect(environment).toMatchObject({
      kafkaBrokers: ['a:1', 'b:2'],
      databaseUrl: undefined,
      s3: undefined,
      cacheDirectory: '/c',
    });
    expect(environment.required.size).toBe(0);
  });

  it('refuses a server that it does not know', () => {
    expect([...readTestEnvironment({ MILLRACE_REQUIRE: 'kafka,s3' }).required]).toEqual(['kafka', 's3']);
    expect(() => readTestEnvironment({ MILLRACE_REQUIRE: 'kafka,redis' })).toThrow('"redis"');
  });
});

describe('servers of a run', () => {
  const starts: string[] = [];
  const stops: string[] = [];
  const start = (async (name: string) => {
    starts.push(name);
    if (name === 's3') throw new Error('there is no "go" in the path');
    return { address: { brokers: ['127.0.0.1:1'] }, stop: async () => void stops.push(name) };
  }) as unknown as typeof startServer;

  it('starts each server once, hands out its address, and stops it at the end', async () => {
    const keeper = await startServerKeeper(start);
    const environment = readTestEnvironment({ MILLRACE_TEST_KEEPER: keeper.url });
    const [one, two] = await Promise.all([requireServer('kafka', environment), requireServer('kafka', environment)]);
    expect(one).toMatchObject({ available: true, address: { brokers: ['127.0.0.1:1'] } });
    expect(two).toMatchObject({ available: true });
    expect(starts).toEqual(['kafka']);
    await keeper.close();
    expect(stops).toEqual(['kafka']);
  });

  it('gives the reason for a server that can not be had, and fails where MILLRACE_REQUIRE names it', async () => {
    const keeper = await startServerKeeper(start);
    const url = { MILLRACE_TEST_KEEPER: keeper.url };
    const reason = 'there is no "go" in the path';
    expect(await requireServer('s3', readTestEnvironment(url))).toEqual({ available: false, reason });
    const required = requireServer('s3', readTestEnvironment({ ...url, MILLRACE_REQUIRE: 's3' }));
    await expect(required).rejects.toThrow(`MILLRACE_REQUIRE names s3, and it can't be had: ${reason}`);
    await keeper.close();
  });

  it('takes a URL from the environment before anything else', async () => {
    const environment = readTestEnvironment({
      KAFKA_BROKERS: 'broker:9092',
      MILLRACE_TEST_KEEPER: 'http://127.0.0.1:1',
    });
    expect(await requireServer('kafka', environment)).toMatchObject({ address: { brokers: ['broker:9092'] } });
  });
});

describe('making once', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'millrace-once-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('makes it for one of many that ask at once, and for nobody after', async () => {
    let made = 0;
    const make = async (unfinished: string): Promise<void> => {
      made += 1;
      await writeFile(path.join(unfinished, 'program'), 'x');
    };
    const target = path.join(folder, 'tool-1');
    await Promise.all(Array.from({ length: 5 }, () => makeOnce(target, make)));
    await makeOnce(target, make);
    expect(made).toBe(1);
    expect(await readFile(path.join(target, 'program'), 'utf8')).toBe('x');
  });

  it('leaves nothing under the name when making fails, and tries again', async () => {
    const target = path.join(folder, 'tool-2');
    await expect(makeOnce(target, () => Promise.reject(new Error('no network')))).rejects.toThrow('no network');
    expect(existsSync(target)).toBe(false);
    await expect(makeOnce(target, async () => {})).resolves.toBe(target);
  });

  it('takes over the lock of a process that is gone', async () => {
    const target = path.join(folder, 'tool-3');
    await writeFile(`${target}.lock`, '4194305');
    await expect(makeOnce(target, async () => {})).resolves.toBe(target);
  });
});

describe('server processes', () => {
  const node = (script: string) => ({
    name: 'server',
    command: process.execPath,
    args: ['-e', script],
    readyTimeoutMs: 10_000,
  });

  it('are ready when their output says so, and end when stopped', async () => {
    const script = 'setInterval(() => {}, 1000); console.log("listening")';
    const server = await startServerProcess({ ...node(script), ready: /listening/ });
    await server.stop();
    await server.stop();
    expect(() => process.kill(server.pid, 0)).toThrow('ESRCH');
  });

  it('tell their output when they do not start', async () => {
    const script = 'console.error("port is taken"); process.exit(3)';
    await expect(startServerProcess({ ...node(script), ready: /listening/ })).rejects.toThrow('port is taken');
  });
});

describe('receivers', () => {
  it('keep webhooks as they came, and answer what the test wants', async () => {
    const receiver = await startWebhookReceiver((_, count) => ({ status: count === 1 ? 500 : 204 }));
    const post = (body: string) =>
      fetch(`${receiver.url}/hook`, { method: 'POST', body, headers: { 'webhook-id': 'a' } });
    expect((await post('{"n": 1}')).status).toBe(500);
    expect((await post('{"n": 2}')).status).toBe(204);
    const webhooks = await receiver.waitFor(2);
    expect(webhooks).toMatchObject([
      { path: '/hook', body: '{"n": 1}', headers: { 'webhook-id': 'a' } },
      { path: '/hook', body: '{"n": 2}' },
    ]);
    await expect(receiver.waitFor(3, { timeoutMs: 20 })).rejects.toThrow('2 of 3 webhooks came');
    await receiver.close();
  });

  it('collect spans from OTLP over HTTP in JSON, plain and compressed', async () => {
    const receiver = await startOtlpReceiver();
    const attributes = [{ key: 'messaging.batch.message_count', value: { intValue: '3' } }];
    const span = { traceId: 't', spanId: 's', parentSpanId: '', name: 'process', kind: 5, attributes };
    const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'gateway' } }] };
    const body = JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] });
    const headers = { 'content-type': 'application/json' };
    await fetch(`${receiver.url}/v1/traces`, { method: 'POST', headers, body });
    const gzipped = { ...headers, 'content-encoding': 'gzip' };
    await fetch(`${receiver.url}/v1/traces`, { method: 'POST', headers: gzipped, body: gzipSync(body) });
    expect(receiver.spans).toHaveLength(2);
    expect(receiver.spans[1]).toMatchObject({
      ...{ traceId: 't', parentSpanId: undefined, name: 'process', kind: 5, service: 'gateway' },
      attributes: { 'messaging.batch.message_count': 3 },
    });
    await receiver.close();
  });
});
