import {
  estimateQueue,
  EstimateRecord,
  GpuSecondsHistory,
  ServiceOrder,
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

/** What a request was told at its arrival, and what the record learns from. */
interface Told {
  readonly plainSeconds: number;
  readonly p90Seconds: number;
}

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
  private readonly record = new EstimateRecord();
  private readonly told = new Map<RequestJob, Told>();
  private within = 0;
  private outcomes = 0;

  constructor(
    private readonly gpus: number,
    private readonly ordering: OrderingPolicy,
  ) {
    this.order = new ServiceOrder<WaitingRequest>(ordering);
  }

  /** Share of the requests told an estimate that ended within its p90. */
  get withinP90(): number {
    return this.within / Math.max(1, this.outcomes);
  }

  arrived(job: RequestJob, nowSeconds: number): void {
    const { request } = job;
    const shape = `${request.model}/${request.pipeline}`;
    this.shapes.set(shape, request);
    const prediction = this.history.predict(requestKey(request));
    const task: WaitingRequest = {
      id: job.index.toString().padStart(8, '0'),
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
    const told = this.told.get(job);
    if (told === undefined) return;
    const tookSeconds = endSeconds - job.arrivalSeconds;
    this.record.outcome(told.plainSeconds, tookSeconds);
    this.outcomes += 1;
    if (tookSeconds <= told.p90Seconds) this.within += 1;
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
    const state = { runningGpuSeconds, gpus: this.gpus, record: this.record };
    for (const estimate of estimateQueue(queue, ({ prediction }) => prediction, state)) {
      if (estimate.task.job !== job) continue;
      this.told.set(job, estimate);
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
