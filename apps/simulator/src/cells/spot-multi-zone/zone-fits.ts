import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fitRegimes, parseRegimeFitFile, type RegimeFit, type RegimeFitFile } from '@millrace/capacity/policy';
import { messageOf } from '@millrace/kernel';
import { UsageError } from '../../command-line/usage-error.js';
import { listZoneTraces, readZoneTraces } from '../../traces/zone-traces.js';

/** What the policy knows of Spot capacity before its own zones' past, and where that is from. */
export interface ZoneFitSource {
  readonly fit: RegimeFit;
  readonly words: string;
}

/**
 * A file, or the one that ships in the repository. That one holds none of the zones of the specification's cases; where
 * it does hold a zone of the run and no `--fit` is given, the folder's other zones are fitted instead.
 */
export function zoneFitSource(fit: string | undefined, folder: string, zones: readonly string[]): ZoneFitSource {
  if (fit !== undefined && fit !== 'none') return { fit: readFitFile(fit).figures, words: 'a file given by --fit' };
  const shipped = readFitFile(createRequire(import.meta.url).resolve('@millrace/capacity/fits/spot-multi-zone.json'));
  const seen = zones.some((zone) => shipped.provenance.environments.includes(zone));
  const others = fit === undefined && seen ? listZoneTraces(folder).filter((zone) => !zones.includes(zone)) : [];
  if (others.length > 0) {
    const traces = readZoneTraces(folder, others);
    const figures = fitRegimes(
      traces.map(({ available }) => [available]),
      traces[0]?.tickSeconds ?? shipped.figures.tickSeconds,
    );
    return { fit: figures, words: `the folder’s other zones (${others.join(', ')})` };
  }
  return {
    fit: shipped.figures,
    words: `the file that ships in libs/capacity/fits (${shipped.provenance.environments.join(', ')})`,
  };
}

function readFitFile(file: string): RegimeFitFile {
  try {
    return parseRegimeFitFile(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new UsageError(`${file} is no fitted file: ${messageOf(error)}`);
  }
}
