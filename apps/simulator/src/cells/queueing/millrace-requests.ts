import {
  estimateQueue,
  GpuSecondsHistory,
  ServiceOrder,
  ToldEstimates,
  type OrderingPolicy,
  type Prediction,
  type QueuedTask,
  type RunKey,
} from '@millrace/scheduling/policy';
import { REQUEST_POOL, requestKey, requestProfile } from './request-key.js';
import type { Dispatch, RequestGpu, RequestPolicy, Running } from './request-simulation.js';
import type { RequestJob } from './request-workload.js';

interface WaitingRequest extends QueuedTask {
  readonly job: RequestJob;
  readonly prediction: Prediction;
}

type Loadable = Pick<RequestJob['request'], 'model' | 'pipeline'>;
type Setup = 'model' | 'pipeline';

const SECOND_MS = 1_000;
/** Every so many requests one is told how long it takes: a walk over the queue for each would be most of the run. */
export const TOLD_EVERY = 10;

/**
 * The production order of service over predictions from the past. What it takes to get a GPU ready is learnt like the
 * length of a run, and enters the order by the shapes (model and pipeline) that idle GPUs hold.
 */
export class MillraceRequests implements RequestPolicy {
  readonly name = 'millrace';
  private readonly history = new GpuSecondsHistory(requestProfile);
  private readonly setups = new GpuSecondsHistory(() => ({ p50GpuSeconds: 15, p90GpuSeconds: 45 }));
  private readonly order: ServiceOrder<WaitingRequest>;
  private readonly waiting = new Map<number, WaitingRequest>();
  private readonly started = new Map<
    RequestJob,
    { readonly task: WaitingRequest; readonly setup: Setup | undefined }
  >();
  private readonly shapes = new Map<string, Loadable>();
  private readonly estimates = new ToldEstimates();
  /** (p90 − p50) ÷ p50 of what was told. */
  private readonly widths: number[] = [];
  private within = 0;
  private late = 0;

  constructor(
    private readonly gpus: number,
    private readonly ordering: OrderingPolicy,
  ) {
    this.order = new ServiceOrder<WaitingRequest>(ordering);
  }

  /** Share of the requests told an estimate that ended within its p90. */
  get withinP90(): number {
    return this.within / Math.max(1, this.within + this.late);
  }

  /** (p90 − p50) ÷ p50 of the estimates, the median: a range that holds because it is wide says little. */
  get etaWidth(): number {
    return this.widths.toSorted((a, b) => a - b)[this.widths.length >> 1] ?? 0;
  }

  arrived(job: RequestJob, nowSeconds: number): void {
    const { request } = job;
    const shape = `${request.model}/${request.pipeline}`;
    this.shapes.set(shape, request);
    const prediction = this.history.predict(requestKey(request));
    const task: WaitingRequest = {
      id: idOf(job),
      tenantId: request.group,
      priority: 0,
      requestedAt: nowSeconds * SECOND_MS,
      pool: REQUEST_POOL,
      shape,
      gpuSeconds: prediction.p50GpuSeconds,
      job,
      prediction,
    };
    this.order.add(task);
    this.waiting.set(job.index, task);
    if (job.index % TOLD_EVERY === 0) this.tell(job, nowSeconds);
  }

  dispatch(idle: readonly RequestGpu[], nowSeconds: number): Dispatch | undefined {
    if (this.order.size === 0) return undefined;
    const seconds = this.setupSeconds();
    this.order.begin(nowSeconds * SECOND_MS, (shape) => {
      const wanted = this.shapes.get(shape);
      return wanted === undefined ? 0 : Math.min(...idle.map((gpu) => seconds[setupOf(wanted, gpu) ?? 'none']));
    });
    const task = this.order.next();
    if (task === undefined) return undefined;
    this.order.take();
    this.waiting.delete(task.job.index);
    const gpu = idle.toSorted(
      (a, b) =>
        seconds[setupOf(task.job.request, a) ?? 'none'] - seconds[setupOf(task.job.request, b) ?? 'none'] ||
        a.idleSinceSeconds - b.idleSinceSeconds ||
        a.index - b.index,
    )[0];
    if (gpu === undefined) return undefined;
    this.started.set(task.job, { task, setup: setupOf(task.job.request, gpu) });
    return { job: task.job, gpu };
  }

  ended({ job, endSeconds }: Running, setupSeconds: number): void {
    if (job.request.succeeded) this.history.record(requestKey(job.request), job.serviceSeconds);
    const setup = this.started.get(job)?.setup;
    if (setup !== undefined) this.setups.record(setupKey(setup), setupSeconds);
    this.started.delete(job);
    const verdict = this.estimates.completed(idOf(job), endSeconds);
    if (verdict === 'within') this.within += 1;
    else if (verdict === 'late') this.late += 1;
  }

  private setupSeconds(): Readonly<Record<Setup | 'none', number>> {
    return {
      none: 0,
      model: this.setups.predict(setupKey('model')).p50GpuSeconds,
      pipeline: this.setups.predict(setupKey('pipeline')).p50GpuSeconds,
    };
  }

  private tell(job: RequestJob, nowSeconds: number): void {
    const queue = new ServiceOrder<WaitingRequest>(this.ordering, this.order.shares());
    for (const task of this.waiting.values()) queue.add(task);
    queue.begin(nowSeconds * SECOND_MS);
    let runningGpuSeconds = 0;
    for (const { task } of this.started.values()) runningGpuSeconds += task.prediction.p50GpuSeconds / 2;
    this.estimates.overdue(nowSeconds);
    const state = {
      ...{ runningGpuSeconds, gpus: this.gpus, record: this.estimates.record },
      ...{ ordering: this.ordering, now: nowSeconds * SECOND_MS },
    };
    for (const estimate of estimateQueue(queue, ({ prediction }) => prediction, state)) {
      if (estimate.task.job !== job) continue;
      this.estimates.tell(idOf(job), nowSeconds, estimate);
      this.widths.push((estimate.p90Seconds - estimate.p50Seconds) / estimate.p50Seconds);
      return;
    }
  }
}

/** What the GPU needs before it can serve this; undefined: nothing. */
function setupOf({ model, pipeline }: Loadable, gpu: RequestGpu): Setup | undefined {
  if (gpu.model !== model) return 'model';
  return gpu.pipeline === pipeline ? undefined : 'pipeline';
}

function setupKey(setup: Setup): RunKey {
  return { taskType: setup, resolution: null, frames: null, steps: null, model: '', pool: REQUEST_POOL };
}

function idOf({ index }: RequestJob): string {
  return index.toString().padStart(8, '0');
}
