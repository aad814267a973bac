/** Why a worker can't take a task however idle it is, in the order in which the filters look. Closed. */
export const FILTER_CODES = [
  'not_alive',
  'task_type',
  'pool',
  'purpose',
  'taint',
  'label',
  'gpu_type',
  'driver_floor',
  'cuda_floor',
  'gpu_faulty',
  'gpu_count',
  'gpu_use',
  'vram',
  'cpu',
  'ram',
] as const;
export type FilterCode = (typeof FILTER_CODES)[number];

/** Workers refused, by the first filter that did. */
export type Refusals = Readonly<Partial<Record<FilterCode, number>>>;
