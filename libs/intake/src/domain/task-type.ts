import { AppError } from '@millrace/kernel';
import type { Size } from './task-view.js';

/** Smallest and largest value a task type takes. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** What a task type needs and takes (TYP-02, TYP-03, TYP-05). */
export interface TaskTypeProfile {
  readonly name: string;
  readonly model: string;
  readonly image: 'required' | 'accepted' | 'refused';
  /** GPU memory by size; null where the size does not matter. The upper end of the figures (TYP-03). */
  readonly vramMiBBySize: Readonly<Record<string, number>> | null;
  readonly vramMiB: number;
  readonly defaultSize: Size | null;
  readonly steps: Range & { readonly byDefault: number };
  readonly durationS: Range & { readonly byDefault: number };
  /** First guess of a task's seconds, until finished ones tell better (API-02). */
  readonly typicalS: number;
  /** Not named to clients that ask for another type. */
  readonly hidden: boolean;
}

/** Which types there are, and which of them this deployment has a profile for (B1). */
export interface TaskTypeCatalogue {
  readonly profiles: readonly TaskTypeProfile[];
  /** Known names without a profile here. */
  readonly unavailable: readonly string[];
}

const GIB = 1024;
const STEPS = { min: 4, max: 50, byDefault: 24 };
const DURATION_S = { min: 0.5, max: 10, byDefault: 4 };
const SMALL: Size = { width: 832, height: 480 };

/** A14B has no figure for 480P (TYP-04, B1): the one for 720P is safe, as the upper end of a larger picture. */
const VIDEO_PROFILES: readonly Omit<TaskTypeProfile, 'typicalS' | 'model'>[] = [
  {
    name: 'ti2v-5B',
    image: 'accepted',
    vramMiBBySize: { '832x480': 15 * GIB, '1280x704': 22 * GIB },
    vramMiB: 22 * GIB,
    defaultSize: SMALL,
    steps: STEPS,
    durationS: DURATION_S,
    hidden: false,
  },
  {
    name: 't2v-A14B',
    image: 'refused',
    vramMiBBySize: { '832x480': 40 * GIB, '1280x704': 40 * GIB },
    vramMiB: 40 * GIB,
    defaultSize: SMALL,
    steps: STEPS,
    durationS: DURATION_S,
    hidden: false,
  },
  {
    name: 'i2v-A14B',
    image: 'required',
    vramMiBBySize: { '832x480': 40 * GIB, '1280x704': 40 * GIB },
    vramMiB: 40 * GIB,
    defaultSize: SMALL,
    steps: STEPS,
    durationS: DURATION_S,
    hidden: false,
  },
];

/** An engine that does nothing: for benchmarks and tests of the path itself. */
const NOOP_PROFILE: Omit<TaskTypeProfile, 'typicalS' | 'model'> = {
  name: 'noop',
  image: 'refused',
  vramMiBBySize: null,
  vramMiB: 0,
  defaultSize: SMALL,
  steps: { min: 1, max: 10_000, byDefault: 1 },
  durationS: { min: 0.5, max: 30, byDefault: 1 },
  hidden: true,
};

const KNOWN_WITHOUT_PROFILE = ['http', 'comfyui', 's2v', 'animate'];

export interface CatalogueOptions {
  readonly model: string;
  readonly typicalS: number;
  readonly noop: boolean;
}

export function createCatalogue(options: CatalogueOptions): TaskTypeCatalogue {
  const video = VIDEO_PROFILES.map((profile) => ({ ...profile, model: options.model, typicalS: options.typicalS }));
  const noop = options.noop ? [{ ...NOOP_PROFILE, model: 'noop@1', typicalS: 1 }] : [];
  return { profiles: [...video, ...noop], unavailable: KNOWN_WITHOUT_PROFILE };
}

/** The profile of a type. Errors: `task_type_unknown`, `task_type_not_available`; both name what is available. */
export function profileOf(catalogue: TaskTypeCatalogue, name: string): TaskTypeProfile {
  const profile = catalogue.profiles.find((candidate) => candidate.name === name);
  if (profile !== undefined) return profile;
  const available = catalogue.profiles.filter((candidate) => !candidate.hidden).map((candidate) => candidate.name);
  const known = catalogue.unavailable.includes(name);
  const message = known
    ? `${name} has no configured profile here. Available: ${available.join(', ')}.`
    : `There is no task type "${name}". Available: ${available.join(', ')}.`;
  throw new AppError({
    kind: 'validation',
    code: known ? 'task_type_not_available' : 'task_type_unknown',
    message,
    errors: [{ pointer: '/task_type', message: `send one of ${available.join(', ')}` }],
  });
}
