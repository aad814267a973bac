import { sleep, type Clock } from '@millrace/kernel';
import type {
  EngineOutput,
  EngineRun,
  EngineStep,
  GenerationJob,
  InferenceEngine,
} from '../engine/ports/inference-engine.port.js';

export interface Script {
  readonly taskTypes?: readonly string[];
  readonly models?: readonly string[];
  /** Steps of a run; the first half denoises, the second renders a frame each. */
  readonly steps?: number;
  readonly stepMs?: number;
  readonly loadMs?: number;
  readonly modelHash?: string;
  /** Throws this when so many steps are done. */
  readonly failAt?: { readonly step: number; readonly error: unknown };
  /** Rejects this many loads before one works. */
  readonly failedLoads?: number;
  /** Files of the output; the script does not write them. */
  readonly files?: EngineOutput['files'];
}

/** An engine that does what its script says, in the clock's time, and remembers what it was asked. */
export interface ScriptedEngine extends InferenceEngine {
  readonly jobs: readonly GenerationJob[];
  /** GPU ids of each run. */
  readonly gpuIds: readonly (readonly string[])[];
  /** The first step of each run. */
  readonly firstSteps: readonly number[];
  /** The frames' names a run had at its end. */
  readonly frames: readonly (readonly string[])[];
  readonly loads: number;
  readonly closed: boolean;
}

/** The state is the number of steps; each rendered frame is a blob of three bytes. */
export function createScriptedEngine(clock: Clock, script: Script = {}): ScriptedEngine {
  return new ScriptedEngineRuns(clock, script);
}

const FILES: EngineOutput['files'] = [
  { kind: 'video', path: 'video.mp4', mediaType: 'video/mp4' },
  { kind: 'thumbnail', path: 'thumb.jpg', mediaType: 'image/jpeg' },
];

class ScriptedEngineRuns implements ScriptedEngine {
  readonly name = 'scripted';
  readonly taskTypes: readonly string[];
  readonly models: readonly string[];
  readonly jobs: GenerationJob[] = [];
  readonly gpuIds: (readonly string[])[] = [];
  readonly firstSteps: number[] = [];
  readonly frames: string[][] = [];
  loads = 0;
  closed = false;
  private readonly steps: number;

  constructor(
    private readonly clock: Clock,
    private readonly script: Script,
  ) {
    this.taskTypes = script.taskTypes ?? ['scripted'];
    this.models = script.models ?? ['scripted@1'];
    this.steps = script.steps ?? 20;
  }

  modelHash(): string {
    return this.script.modelHash ?? 'hash-1';
  }

  totalSteps(): number {
    return this.steps;
  }

  async load(): Promise<void> {
    this.loads += 1;
    if (this.script.loadMs !== undefined) await sleep(this.clock, this.script.loadMs);
    if (this.loads <= (this.script.failedLoads ?? 0)) throw new Error('no memory for the model');
  }

  async run(job: GenerationJob, run: EngineRun): Promise<EngineOutput> {
    this.jobs.push(job);
    this.gpuIds.push(run.gpuIds);
    const frames = (run.resumeFrom?.blobs ?? []).map(({ name }) => name);
    let untaken: string[] = [];
    const first = run.resumeFrom === undefined ? 1 : new TextDecoder().decode(run.resumeFrom.state);
    this.firstSteps.push(Number(first) + (run.resumeFrom === undefined ? 0 : 1));
    for (let step = (run.resumeFrom?.step ?? 0) + 1; step <= this.steps; step++) {
      await sleep(this.clock, (this.script.stepMs ?? 100) + job.stepDelayMs, run.signal);
      run.signal.throwIfAborted();
      if (this.script.failAt?.step === step) throw this.script.failAt.error;
      if (this.stageOf(step) === 'rendering') untaken.push(`frame-${step}`);
      const take = (): string[] => {
        const taken = untaken;
        frames.push(...taken);
        untaken = [];
        return taken;
      };
      await run.onStep(this.stepOf(step, take));
    }
    this.frames.push([...frames, ...untaken]);
    const files = (this.script.files ?? FILES).map((file) => ({ ...file, path: `${run.workDirectory}/${file.path}` }));
    return { files, media: { durationS: job.durationS, ...job.resolution } };
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  private stageOf(step: number): EngineStep['stage'] {
    return step * 2 <= this.steps ? 'denoising' : 'rendering';
  }

  private stepOf(step: number, take: () => string[]): EngineStep {
    return {
      step,
      totalSteps: this.steps,
      stage: this.stageOf(step),
      preview: async () => ({ mediaType: 'image/png', bytes: Uint8Array.of(step) }),
      checkpoint: async () => ({
        step,
        state: new TextEncoder().encode(String(step)),
        newBlobs: take().map((name) => ({ name, bytes: Uint8Array.of(1, 2, step) })),
      }),
    };
  }
}
