import { homedir } from 'node:os';
import path from 'node:path';

/** Servers that some tests need. */
export const SERVER_NAMES = ['kafka', 's3', 'postgres'] as const;
export type ServerName = (typeof SERVER_NAMES)[number];

export interface TestEnvironment {
  /** `host:port` of each broker of KAFKA_BROKERS. */
  readonly kafkaBrokers: readonly string[] | undefined;
  readonly s3: S3Address | undefined;
  readonly databaseUrl: string | undefined;
  /** Servers named by MILLRACE_REQUIRE: tests that need one of them fail without it, where others are skipped. */
  readonly required: ReadonlySet<ServerName>;
  /** Where the keeper of this test run answers: it starts each server once for all test files. */
  readonly keeperUrl: string | undefined;
  /** For downloads and built programs; outside the checkout, so that a clean clone finds them again. */
  readonly cacheDirectory: string;
}

export interface S3Address {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

type Variables = Readonly<Record<string, string | undefined>>;

/** Reads what the tests take from the environment. Throws on an unknown name in MILLRACE_REQUIRE. */
export function readTestEnvironment(variables: Variables = process.env): TestEnvironment {
  return {
    kafkaBrokers: listOf(variables['KAFKA_BROKERS']),
    s3: s3Of(variables),
    databaseUrl: textOf(variables['DATABASE_URL']),
    required: new Set((listOf(variables['MILLRACE_REQUIRE']) ?? []).map(serverNameOf)),
    keeperUrl: textOf(variables['MILLRACE_TEST_KEEPER']),
    cacheDirectory: cacheDirectoryOf(variables),
  };
}

function s3Of(variables: Variables): S3Address | undefined {
  const endpoint = textOf(variables['S3_ENDPOINT']);
  if (endpoint === undefined) return undefined;
  return {
    endpoint,
    region: textOf(variables['AWS_REGION']) ?? 'us-east-1',
    credentials: {
      accessKeyId: variables['AWS_ACCESS_KEY_ID'] ?? '',
      secretAccessKey: variables['AWS_SECRET_ACCESS_KEY'] ?? '',
    },
  };
}

function cacheDirectoryOf(variables: Variables): string {
  const own = textOf(variables['MILLRACE_CACHE']);
  if (own !== undefined) return path.resolve(own);
  return path.join(textOf(variables['XDG_CACHE_HOME']) ?? path.join(homedir(), '.cache'), 'millrace');
}

function serverNameOf(text: string): ServerName {
  const name = SERVER_NAMES.find((known) => known === text);
  if (name === undefined) throw new Error(`MILLRACE_REQUIRE names "${text}": use ${SERVER_NAMES.join(', ')}`);
  return name;
}

function textOf(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === '' ? undefined : value.trim();
}

function listOf(value: string | undefined): readonly string[] | undefined {
  const items = textOf(value)
    ?.split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
  return items?.length === 0 ? undefined : items;
}

/** The variables that a started program inherits. */
export function inheritedVariables(): Readonly<Record<string, string | undefined>> {
  return process.env;
}
