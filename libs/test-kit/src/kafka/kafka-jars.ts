import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeOnce } from '../process/make-once.js';
import { hasProgram, runProgram } from '../process/run-program.js';
import { readTestEnvironment } from '../test-environment.js';

const DOWNLOAD_TIMEOUT_MS = 5 * 60_000;
const COPY_DEPENDENCIES = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';

/** A file of the package's `kafka` folder, which lies beside `src` and `dist`. */
export function kafkaFile(name: string): string {
  return fileURLToPath(new URL(`../../kafka/${name}`, import.meta.url));
}

/** Folder with Apache Kafka's jars, fetched by Maven on first use (43 MB). Rejects where Java or Maven is missing. */
export async function kafkaJars(): Promise<string> {
  if (!(await hasProgram('java')))
    throw new Error('there is no "java" in the path: install Java 17 or set KAFKA_BROKERS');
  const pom = kafkaFile('pom.xml');
  const version = createHash('sha256')
    .update(await readFile(pom))
    .digest('hex')
    .slice(0, 12);
  const folder = path.join(readTestEnvironment().cacheDirectory, `kafka-${version}`);
  return makeOnce(folder, async (unfinished) => {
    if (!(await hasProgram('mvn')))
      throw new Error('there is no "mvn" in the path: install Maven or set KAFKA_BROKERS');
    const output = ['-DincludeScope=runtime', `-DoutputDirectory=${unfinished}`];
    await runProgram('mvn', ['-B', '-q', '-ntp', '-f', pom, COPY_DEPENDENCIES, ...output], {
      timeoutMs: DOWNLOAD_TIMEOUT_MS,
    });
  });
}
