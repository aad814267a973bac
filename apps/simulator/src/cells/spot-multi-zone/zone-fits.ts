import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fitRegimes, parseRegimeFitFile, type RegimeFit, type RegimeFitFile } from '@millrace/capacity/policy';
import { messageOf } from '@millrace/kernel';
import { UsageError } from '../../command-line/usage-error.js';
import { listZoneTraces, readZoneTraces, type ZoneTrace } from '../../traces/zone-traces.js';

/** What the policy knows of Spot capacity before its own zones' past, and where that is from. */
export interface ZoneFitSource {
  readonly fit: RegimeFit;
  readonly words: string;
}

const SHIPPED = '@millrace/capacity/fits/spot-multi-zone.json';

/**
 * A file, or the one that ships in the repository. That one holds none of the zones of the specification's cases; where
 * it does hold a zone of the run or is for other ticks, and no `--fit` is given, the folder's other zones are fitted
 * instead. Throws a UsageError where the fit is for other ticks than those of the zones.
 */
export function zoneFitSource(fit: string | undefined, folder: string, zones: readonly string[]): ZoneFitSource {
  const [run] = zones.length === 0 ? [] : readZoneTraces(folder, zones);
  const source = fitSource(fit, folder, zones, run);
  if (run !== undefined && run.tickSeconds !== source.fit.tickSeconds) {
    throw new UsageError(
      `${run.zone}.json, field gapSeconds: ${source.fit.tickSeconds} is needed, for ${source.words} is for ticks of so ` +
        `many seconds, and not ${run.tickSeconds}; a fit for other ticks can be given by --fit.`,
    );
  }
  return source;
}

function fitSource(
  fit: string | undefined,
  folder: string,
  zones: readonly string[],
  run: ZoneTrace | undefined,
): ZoneFitSource {
  if (fit !== undefined && fit !== 'none') return { fit: readFitFile(fit).figures, words: 'a file given by --fit' };
  const shipped = readFitFile(createRequire(import.meta.url).resolve(SHIPPED));
  const serves =
    !zones.some((zone) => shipped.provenance.environments.includes(zone)) &&
    (run === undefined || run.tickSeconds === shipped.figures.tickSeconds);
  const others = fit === undefined && !serves ? listZoneTraces(folder).filter((zone) => !zones.includes(zone)) : [];
  if (others.length > 0) return fitOfOthers(folder, others, shipped.figures.tickSeconds);
  return {
    fit: shipped.figures,
    words: `the file that ships in libs/capacity/fits (${shipped.provenance.environments.join(', ')})`,
  };
}

function fitOfOthers(folder: string, others: readonly string[], tickSeconds: number): ZoneFitSource {
  const traces = readZoneTraces(folder, others);
  const figures = fitRegimes(
    traces.map(({ available }) => [available]),
    traces[0]?.tickSeconds ?? tickSeconds,
  );
  return { fit: figures, words: `the folder’s other zones (${others.join(', ')})` };
}

function readFitFile(file: string): RegimeFitFile {
  try {
    return parseRegimeFitFile(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new UsageError(`${file} is no fitted file: ${messageOf(error)}`);
  }
}
