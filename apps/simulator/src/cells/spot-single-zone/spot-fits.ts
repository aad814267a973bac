import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import {
  chainAtLevel,
  countTransitions,
  fitSpot,
  parseSpotFitFile,
  RUN_AGE_BINS,
  runState,
  semiMarkovChain,
  stateOf,
  type SpotChain,
  type SpotFit,
  type SpotRun,
} from '@millrace/capacity/policy';
import { messageOf } from '@millrace/kernel';
import { UsageError } from '../../command-line/usage-error.js';
import type { SpotEnvironment } from '../../traces/spot-windows.js';

/** Recorded windows are probed every ten minutes (the data's README). */
export const SPOT_TICK_SECONDS = 600;

/** What the policies of one environment know before its first tick. */
export interface KnownBefore {
  readonly fit: SpotFit;
  /** For the semi-Markov baseline: a chain of the same data, and the state of a run in it. */
  readonly chain: SpotChain;
  readonly stateOf: (run: SpotRun) => number;
}

/** The fit in words, for the table. */
export interface FitSource {
  readonly words: string;
  knownFor(environment: SpotEnvironment): KnownBefore;
}

/**
 * Where figures come from: a file, `none` for the one that ships in the repository, or, absent, the other environments
 * of the folder, so that no window is fitted that is reported. A folder with one environment falls back on the shipped
 * file.
 */
export function fitSource(fit: string | undefined, environments: readonly SpotEnvironment[]): FitSource {
  if (fit === undefined && environments.length > 1) {
    return {
      words: 'the other environments of the folder (leave one out)',
      knownFor: (environment) => knownFrom(environments.filter((other) => other !== environment)),
    };
  }
  const shipped = fit === undefined || fit === 'none';
  const known = knownFromFile(shipped ? shippedFitFile() : fit);
  return {
    words: shipped ? 'the file that ships in libs/capacity/fits' : 'a file given by --fit',
    knownFor: () => known,
  };
}

function knownFrom(others: readonly SpotEnvironment[]): KnownBefore {
  const sequences = others.map(({ windows }) => windows);
  return {
    fit: fitSpot(sequences, SPOT_TICK_SECONDS),
    stateOf: (run) => runState(RUN_AGE_BINS, run),
    chain: semiMarkovChain(RUN_AGE_BINS, countTransitions(RUN_AGE_BINS, sequences.flat())),
  };
}

function knownFromFile(file: string): KnownBefore {
  const { figures } = readFitFile(file);
  if (figures.tickSeconds !== SPOT_TICK_SECONDS) {
    throw new UsageError(`${file}: figures.tickSeconds must be ${SPOT_TICK_SECONDS}, the tick of the windows.`);
  }
  return { fit: figures, chain: chainAtLevel(figures, 0), stateOf: (run) => stateOf(figures, run) };
}

function readFitFile(file: string): ReturnType<typeof parseSpotFitFile> {
  try {
    return parseSpotFitFile(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new UsageError(`${file} is no fitted file: ${messageOf(error)}`);
  }
}

function shippedFitFile(): string {
  return createRequire(import.meta.url).resolve('@millrace/capacity/fits/spot-single-zone.json');
}
