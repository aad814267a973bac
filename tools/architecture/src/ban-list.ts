import { codeOnly } from './code-only.js';
import type { SourceFile } from './source-files.js';

/** A spelling that the tree does not use, what to write instead, and the files that own the exception. */
export interface Ban {
  readonly name: string;
  /** Matched against code without comments and texts; `g` is set. */
  readonly pattern: RegExp;
  readonly instead: string;
  /** Where the rule looks; everywhere if left out. */
  readonly within?: RegExp;
  /** File → why it may. */
  readonly allowed: Readonly<Record<string, string>>;
}

export interface BannedUse {
  readonly ban: string;
  readonly at: string;
  readonly instead: string;
}

const TEST_CODE = /\.spec\.ts$|\/testing\/|^libs\/adapters\/[^/]+\/test\/|^libs\/test-kit\/|^e2e\//;
/** How long an outage lasts is what such a test sets; the effects are awaited. */
const DURATION_IS_THE_FAULT = 'the pause is how long the fault lasts, not a wait for its effect';
const SYSTEM = { 'libs/kernel/src/system.ts': 'the one place that asks the machine for time and randomness' };
/** Programs that a person or a spec runs beside the product: they hold themselves open and wait by the wall clock. */
const RUN_CODE = /^(?:libs|apps)\/(?!test-kit\/|adapters\/[^/]+\/test\/)/;
const TEST_SETTINGS = {
  'libs/test-kit/src/test-environment.ts': 'the settings of a test run, read in one place',
  'libs/test-kit/jest/global-setup.mjs': 'hands the address of the test servers to the workers of jest',
};

/** Every entry has a planted use in ban-list.spec.ts. */
export const BAN_LIST: readonly Ban[] = [
  {
    name: 'Date.now()',
    pattern: /\bDate\s*\.\s*now\b/g,
    instead: 'take a Clock (kernel), or the instant as an argument',
    allowed: SYSTEM,
  },
  {
    name: 'new Date()',
    pattern: /\bnew\s+Date\s*\(\s*\)|\bnew\s+Date\b(?!\s*\()/g,
    instead: 'take a Clock (kernel), or the instant as an argument',
    allowed: {},
  },
  {
    name: 'Math.random()',
    pattern: /\bMath\s*\.\s*random\b/g,
    instead: 'take an Rng (kernel), which a test seeds',
    allowed: SYSTEM,
  },
  {
    name: 'randomUUID()',
    pattern: /\brandomUUID\b/g,
    instead: 'take an IdGenerator (kernel), or the id as an argument',
    allowed: SYSTEM,
  },
  {
    name: 'process.env',
    pattern: /\bprocess\s*\.\s*env\b|\bprocess\s*\[/g,
    instead: 'add the setting to a schema of the platform, and take it as an argument',
    allowed: {
      'libs/platform/src/settings/environment.ts': 'the one place that reads the environment of a service',
      'apps/simulator/src/bench-main.ts': 'a program for people, which stands on no platform; hands on the one setting',
      'e2e/src/faults/shift-clock.mjs': 'is loaded before a service starts, and knows nothing but its environment',
      ...TEST_SETTINGS,
    },
  },
  {
    name: 'console',
    pattern: /\bconsole\s*\./g,
    instead: 'take a Logger (kernel); a program for people writes to process.stdout',
    allowed: {},
  },
  {
    name: 'as any',
    pattern: /\bas\s+any\b/g,
    instead: 'parse `unknown` with a schema, or narrow it; in tests use a builder',
    allowed: {},
  },
  {
    name: 'forwardRef()',
    pattern: /\bforwardRef\b/g,
    instead: 'cut the cycle with an event or a third collaborator',
    allowed: {},
  },
  {
    name: 'export *',
    pattern: /\bexport\s*\*/g,
    instead: 'name each export: what a package offers is decided, not inherited',
    allowed: {},
  },
  {
    name: '.only()',
    pattern: /\b(?:describe|it|test)\s*\.\s*only\b|\b(?:fdescribe|fit)\s*\(/g,
    instead: 'run one spec with `jest -t`; a committed .only skips all the others',
    allowed: {},
  },
  {
    name: 'skipped test',
    pattern: /\b(?:describe|it|test)\s*\.\s*(?:skip|todo)\b|\bx(?:describe|it)\s*\(/g,
    instead: 'mend or delete it; describeWithServer is the one way to depend on what a machine has',
    allowed: {
      'libs/test-kit/src/servers/describe-with-server.ts': 'skips loudly, and fails where MILLRACE_REQUIRE says so',
      'e2e/src/faults/describe-distributed.ts': 'skips the suites of five processes loudly, by the same rule',
      'e2e/src/distributed.e2e.spec.ts': 'skips the whole suite loudly where a server is missing, by the same rule',
    },
  },
  {
    name: 'jest.mock',
    pattern: /\bjest\s*\.\s*(?:mock|unstable_mockModule|doMock|spyOn|fn|useFakeTimers)\b/g,
    instead: 'use the fake beside the port (`/testing`) and VirtualClock: they are held to the conformance suite',
    allowed: {},
  },
  {
    name: 'numeric sleep in a test',
    pattern: /\b(?:sleep|delay|pause)\s*\(\s*(?:systemClock\s*,\s*)?\d|(?<![.\w])setTimeout\s*\(\s*(?:\w+\s*,\s*)?\d/g,
    instead: 'advance a VirtualClock, await the event, or use eventually() with its deadline',
    within: TEST_CODE,
    allowed: {
      'libs/adapters/postgres/test/bench-bus.ts': 'a measurement paces itself by the wall clock',
      'libs/adapters/postgres/src/outbox/outbox-concurrency.integration.spec.ts':
        'asks the table until it is empty; eventually() is in the test kit, which stands on this package',
      'libs/adapters/onnx/src/video/ffmpeg-process.integration.spec.ts':
        'asks, at most GONE_POLLS_LIMIT times, after a process that is nobody’s child and tells nobody of its end',
      'libs/test-kit/src/proxy/tcp-proxy.ts': DURATION_IS_THE_FAULT,
      'e2e/src/faults/broker.e2e.spec.ts': DURATION_IS_THE_FAULT,
      'e2e/src/faults/database.e2e.spec.ts': DURATION_IS_THE_FAULT,
      'e2e/src/faults/duplicates.e2e.spec.ts': 'nothing may happen for so long: there is no event to await',
      'e2e/src/faults/rolling-restart.e2e.spec.ts': DURATION_IS_THE_FAULT,
    },
  },
  {
    name: 'timer past the clock',
    pattern: /(?<![.\w])(?:setTimeout|setInterval)\s*\(/g,
    instead: 'use clock.after (kernel), which a test drives',
    within: RUN_CODE,
    allowed: {
      'libs/kernel/src/system.ts': SYSTEM['libs/kernel/src/system.ts'],
      'libs/platform/src/service/run-until-signal.ts': 'ends a process that hangs at shutdown, whatever its clock says',
      'libs/adapters/kafka/src/mend-kafkajs.ts': 'kafkajs clears this timer itself, by its own field',
      'libs/adapters/kafka/src/kafka-parts.spec.ts': 'the same field, filled as kafkajs fills it',
    },
  },
];

/** Every use of a banned spelling in code (not in comments or texts), outside the files that may. */
export function findBanned(files: readonly SourceFile[], bans: readonly Ban[] = BAN_LIST): readonly BannedUse[] {
  return files.flatMap(({ path, text }) => {
    const code = codeOnly(path, text);
    return bans.filter((ban) => applies(ban, path)).flatMap((ban) => usesOf(ban, path, code));
  });
}

function applies(ban: Ban, path: string): boolean {
  return !(path in ban.allowed) && (ban.within === undefined || ban.within.test(path));
}

function usesOf(ban: Ban, path: string, code: string): readonly BannedUse[] {
  return [...code.matchAll(ban.pattern)].map(({ index }) => ({
    ban: ban.name,
    at: `${path}:${code.slice(0, index).split('\n').length}`,
    instead: ban.instead,
  }));
}
