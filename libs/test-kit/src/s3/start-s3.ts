import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { systemRng } from '@millrace/kernel';
import { eventually } from '../eventually.js';
import { freePort } from '../process/free-port.js';
import { makeOnce } from '../process/make-once.js';
import { hasProgram, runProgram } from '../process/run-program.js';
import { startServerProcess, type ServerProcess } from '../process/server-process.js';
import { readTestEnvironment, type S3Address } from '../test-environment.js';

const VERSITYGW_VERSION = '1.8.0';
const BUILD_TIMEOUT_MS = 10 * 60_000;
const READY_TIMEOUT_MS = 15_000;
const REGION = 'us-east-1';

/** A server that speaks S3, empty, for tests. */
export interface S3Server extends S3Address {
  readonly process: ServerProcess;
  stop(): Promise<void>;
}

/** Starts versitygw on a free port over a temporary folder. Rejects where it is not built yet and Go is missing. */
export async function startS3(): Promise<S3Server> {
  const program = path.join(await versitygwFolder(), 'versitygw');
  const directory = await mkdtemp(path.join(tmpdir(), 'millrace-s3-'));
  const [data, metadata] = [path.join(directory, 'objects'), path.join(directory, 'sidecar')];
  await Promise.all([mkdir(data), mkdir(metadata)]);
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const credentials = { accessKeyId: secret(), secretAccessKey: secret() };
  const server = await startServerProcess({
    name: 'versitygw',
    command: program,
    args: ['--port', `127.0.0.1:${port}`, '--region', REGION, '--quiet', 'posix', '--sidecar', metadata, data],
    variables: { ROOT_ACCESS_KEY: credentials.accessKeyId, ROOT_SECRET_KEY: credentials.secretAccessKey },
    readyTimeoutMs: READY_TIMEOUT_MS,
    ready: () => eventually(() => answers(endpoint), { timeoutMs: READY_TIMEOUT_MS }),
  });
  const stop = async (): Promise<void> => {
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  };
  return { endpoint, region: REGION, credentials, process: server, stop };
}

/** Makes a bucket with a name of its own, so that test files do not meet. */
export async function createTestBucket(address: S3Address): Promise<string> {
  const bucket = `test-${Buffer.from(systemRng.bytes(8)).toString('hex')}`;
  const client = new S3Client({ ...address, forcePathStyle: true });
  try {
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    return bucket;
  } finally {
    client.destroy();
  }
}

async function versitygwFolder(): Promise<string> {
  const folder = path.join(readTestEnvironment().cacheDirectory, `versitygw-${VERSITYGW_VERSION}`);
  return makeOnce(folder, async (unfinished) => {
    if (!(await hasProgram('go'))) throw new Error('there is no "go" in the path: install Go or set S3_ENDPOINT');
    const module = `github.com/versity/versitygw/cmd/versitygw@v${VERSITYGW_VERSION}`;
    await runProgram('go', ['install', '-trimpath', '-ldflags=-s -w', module], {
      variables: { GOBIN: unfinished },
      timeoutMs: BUILD_TIMEOUT_MS,
      directory: unfinished,
    });
  });
}

function secret(): string {
  return Buffer.from(systemRng.bytes(12)).toString('hex');
}

async function answers(endpoint: string): Promise<void> {
  const answer = await fetch(endpoint);
  await answer.body?.cancel();
}
