import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../command-line/usage-error.js';

/** Recorded Spot capacity and prices of one zone, one entry a tick. */
export interface ZoneTrace {
  readonly zone: string;
  /** Seconds of one tick. */
  readonly tickSeconds: number;
  readonly onDemandPricePerHour: number;
  /** 1 where a Spot instance can be had, or kept. */
  readonly available: Uint8Array;
  readonly spotPricePerHour: Float64Array;
}

const TICKS_MAX = 1_000_000;
const ZONES_MAX = 64;

/** Names of the zones that a folder has a `<zone>.json` of, in alphabetical order. */
export function listZoneTraces(folder: string): readonly string[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return files.map((name) => name.slice(0, -'.json'.length)).sort();
}

/**
 * Reads `<zone>.json` for each zone. Throws an error that names file and field where one is missing or of another
 * shape, and where the zones differ in ticks.
 */
export function readZoneTraces(folder: string, zones: readonly string[]): readonly ZoneTrace[] {
  if (zones.length === 0 || zones.length > ZONES_MAX) {
    throw new UsageError(`${zones.length} zones are asked for; from 1 to ${ZONES_MAX} can be read.`);
  }
  const known = listZoneTraces(folder);
  const traces = zones.map((zone) => {
    if (!known.includes(zone)) throw new UsageError(`${folder} has no ${zone}.json; it has ${known.join(', ')}.`);
    return parseZoneTrace(readFileSync(join(folder, `${zone}.json`), 'utf8'), zone, `${zone}.json`);
  });
  for (const { zone, available, tickSeconds } of traces) {
    const [first] = traces;
    if (first === undefined || (available.length === first.available.length && tickSeconds === first.tickSeconds)) {
      continue;
    }
    const shape = `${available.length} ticks of ${tickSeconds} s`;
    throw new UsageError(
      `${zone}.json has ${shape}, ${first.zone}.json ${first.available.length} of ${first.tickSeconds} s.`,
    );
  }
  return traces;
}

/** Parses the text of one zone; `file` is for the message of an error. */
export function parseZoneTrace(text: string, zone: string, file: string): ZoneTrace {
  const fields = objectOf(text, file);
  const available = availableOf(fields['available'], file);
  return {
    zone,
    tickSeconds: positiveOf(fields['gapSeconds'], file, 'gapSeconds'),
    onDemandPricePerHour: positiveOf(fields['onDemandPricePerHour'], file, 'onDemandPricePerHour'),
    available,
    spotPricePerHour: pricesOf(fields['spotPricePerHour'], file, available.length),
  };
}

function objectOf(text: string, file: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UsageError(`${file} is no JSON.`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UsageError(`${file} must hold one JSON object.`);
  }
  return value as Record<string, unknown>;
}

function positiveOf(value: unknown, file: string, field: string): number {
  if (typeof value !== 'number' || !(value > 0 && value < Infinity)) {
    throw new UsageError(`${file}, field ${field}: a number above 0 is needed.`);
  }
  return value;
}

function availableOf(value: unknown, file: string): Uint8Array {
  if (typeof value !== 'string' || !/^[01]+$/.test(value)) {
    throw new UsageError(`${file}, field available: a row of 0 and 1 is needed, one a tick.`);
  }
  if (value.length > TICKS_MAX) {
    throw new UsageError(`${file}, field available: ${value.length} ticks; at most ${TICKS_MAX} are read.`);
  }
  return Uint8Array.from(value, (character) => (character === '1' ? 1 : 0));
}

function pricesOf(value: unknown, file: string, ticks: number): Float64Array {
  if (!Array.isArray(value) || value.length !== ticks) {
    throw new UsageError(`${file}, field spotPricePerHour: ${ticks} numbers are needed, one a tick of available.`);
  }
  return Float64Array.from(value, (price, tick) => positiveOf(price, file, `spotPricePerHour[${tick}]`));
}
