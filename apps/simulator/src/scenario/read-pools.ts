import type { Distribution } from './distribution.js';
import type { Field, FieldSet } from './field-reader.js';
import type { Interruptions, PoolSpec, PriceStep, Sharing } from './scenario.js';

export const GPUS_PER_WORKER_MAX = 64;
const WORKERS_MAX = 10_000;
const MIB_PER_GIB = 1_024;
const GIB_MAX = 1_000_000;
const CPUS_MAX = 100_000;
const USD_MAX = 1_000_000;
const SPEED_MAX = 1_000;
const SLICES_MAX = 7;
const NOTICE_DEFAULT_MS = 120_000;
const INSTANT_BOOT: Distribution = { kind: 'constant', valueMs: 0 };

const POOL_FIELDS = [
  ...['workers', 'gpus', 'gpuType', 'vramGiB', 'cpus', 'ramGiB', 'zone', 'racks', 'labels', 'taints', 'purpose'],
  ...['taskTypes', 'sharing', 'capacity', 'usdPerGpuHour', 'boot', 'interruptions', 'speed'],
] as const;

export function readPools(field: Field): readonly PoolSpec[] {
  const pools = field.entries().map(([name, one]) => readPool(name, one));
  if (field.isMap && pools.length === 0) field.fault('expected at least one pool');
  return pools;
}

function readPool(name: string, field: Field): PoolSpec {
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(name)) field.fault('a pool has a name of letters, digits, - and _');
  const fields = field.fields(POOL_FIELDS);
  const capacity = fields.optional('capacity', 'on_demand' as const, (one) =>
    one.oneOf(['spot', 'on_demand'] as const),
  );
  const interruptions = fields.optional('interruptions', undefined, readInterruptions);
  if (interruptions !== undefined && capacity !== 'spot')
    fields.get('interruptions').fault('only spot capacity is interrupted; write capacity: spot');
  return {
    name,
    workers: fields.get('workers').number({ min: 1, max: WORKERS_MAX, whole: true }),
    gpus: fields.optional('gpus', 1, (one) => one.number({ min: 1, max: GPUS_PER_WORKER_MAX, whole: true })),
    gpuType: fields.optional('gpuType', 'virtual', (one) => one.text()),
    vramMiB: mib(fields.get('vramGiB')),
    ...machineOf(fields),
    zone: fields.optional('zone', 'zone-a', (one) => one.text()),
    racks: fields.optional('racks', 1, (one) => one.number({ min: 1, max: WORKERS_MAX, whole: true })),
    labels: fields.optional('labels', {}, (one) =>
      Object.fromEntries(one.entries().map(([key, v]) => [key, v.text()])),
    ),
    taints: texts(fields, 'taints'),
    ...purposeOf(fields),
    taskTypes: texts(fields, 'taskTypes'),
    sharing: fields.optional('sharing', { kind: 'whole' } as const, readSharing),
    capacity,
    prices: fields.optional('usdPerGpuHour', [{ atMs: 0, usdPerGpuHour: 0 }], readPrices),
    boot: fields.optional('boot', INSTANT_BOOT, readDistribution),
    ...(interruptions !== undefined && { interruptions }),
    speed: fields.optional('speed', 1, (one) => one.number({ min: 0.001, max: SPEED_MAX })),
  };
}

/** CPU and memory of a worker or a task: absent is no limit, or none needed. */
export function machineOf(fields: FieldSet<'cpus' | 'ramGiB'>): {
  readonly cpuMilli?: number;
  readonly ramMiB?: number;
} {
  const cpus = fields.optional('cpus', undefined, (one) => one.number({ min: 0, max: CPUS_MAX }));
  const ramMiB = fields.optional('ramGiB', undefined, mib);
  return {
    ...(cpus !== undefined && { cpuMilli: Math.round(cpus * 1_000) }),
    ...(ramMiB !== undefined && { ramMiB }),
  };
}

export function purposeOf(fields: FieldSet<'purpose'>): { readonly purpose?: 'training' | 'inference' } {
  const purpose = fields.optional('purpose', undefined, (one) => one.oneOf(['training', 'inference'] as const));
  return purpose === undefined ? {} : { purpose };
}

export function texts<Name extends string>(fields: FieldSet<Name>, name: Name): readonly string[] {
  return fields.optional(name, [], (one) => one.items('a list of names').map((item) => item.text()));
}

export function mib(field: Field): number {
  return Math.round(field.number({ min: 0, max: GIB_MAX }) * MIB_PER_GIB);
}

/**
 * A duration for a constant one; `{mean}` exponential; `{median, p90}` log-normal; `{min, max}` uniform; `{samples: […]}`.
 */
export function readDistribution(field: Field): Distribution {
  if (!field.isMap) return { kind: 'constant', valueMs: field.durationMs() };
  const fields = field.fields(['mean', 'median', 'p90', 'min', 'max', 'samples']);
  if (fields.has('mean')) return { kind: 'exponential', meanMs: fields.get('mean').durationMs() };
  if (fields.has('samples')) return readSamples(fields.get('samples'));
  if (fields.has('median')) {
    const medianMs = fields.get('median').durationMs(1);
    const p90Ms = fields.get('p90').durationMs(1);
    if (p90Ms < medianMs) fields.get('p90').fault('the 90th percentile is not below the median');
    return { kind: 'lognormal', medianMs, p90Ms };
  }
  if (fields.has('min') || fields.has('max')) {
    const minMs = fields.get('min').durationMs();
    const maxMs = fields.get('max').durationMs();
    if (maxMs < minMs) fields.get('max').fault('the longest is not below the shortest');
    return { kind: 'uniform', minMs, maxMs };
  }
  field.fault('expected a duration, {mean}, {median, p90}, {min, max} or {samples}');
  return INSTANT_BOOT;
}

function readSamples(field: Field): Distribution {
  const samplesMs = field.items('a list of durations').map((one) => one.durationMs());
  if (samplesMs.length === 0 && field.isList) field.fault('expected at least one duration');
  return { kind: 'samples', samplesMs };
}

function readInterruptions(field: Field): Interruptions {
  const fields = field.fields(['life', 'notice']);
  return {
    life: readDistribution(fields.get('life')),
    noticeMs: fields.optional('notice', NOTICE_DEFAULT_MS, (one) => one.durationMs()),
  };
}

/** `whole`, `shared` (time slicing), or `{mig: [20, 20]}`: the memory of each slice of a GPU, in GiB. */
function readSharing(field: Field): Sharing {
  if (!field.isMap) return { kind: field.oneOf(['whole', 'shared'] as const) };
  const slices = field.fields(['mig']).get('mig');
  const sliceVramMiB = slices.items('a list of GiB, one for each slice of a GPU').map(mib);
  if (slices.isList && (sliceVramMiB.length === 0 || sliceVramMiB.length > SLICES_MAX))
    slices.fault(`a GPU has 1 to ${SLICES_MAX} slices`);
  return { kind: 'mig', sliceVramMiB };
}

/** One price, or a list of `{from, usd}`. */
function readPrices(field: Field): readonly PriceStep[] {
  if (!field.isList) return [{ atMs: 0, usdPerGpuHour: field.number({ min: 0, max: USD_MAX }) }];
  const steps = field.items().map((item) => {
    const fields = item.fields(['from', 'usd']);
    return { atMs: fields.get('from').durationMs(), usdPerGpuHour: fields.get('usd').number({ min: 0, max: USD_MAX }) };
  });
  if (steps[0]?.atMs !== 0) field.fault('expected a first price from 0s on');
  if (steps.some((step, index) => step.atMs <= (steps[index - 1]?.atMs ?? -1)))
    field.fault('expected prices in order of time');
  return steps;
}
