import { invariant } from '@millrace/kernel';
import { InferenceSession, Tensor } from 'onnxruntime-node';

export interface FloatInput {
  readonly values: Float32Array;
  readonly shape: readonly number[];
}

/** One ONNX graph of float32 tensors with a single output. */
export class FloatNetwork {
  private constructor(
    private readonly session: InferenceSession,
    private readonly outputName: string,
  ) {}

  /** @param threads threads inside one call; the results do not depend on it. */
  static async load(file: string, threads: number): Promise<FloatNetwork> {
    const session = await InferenceSession.create(file, {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      // Spinning threads would take a whole core away from the encoder and the database between two calls.
      extra: { session: { intra_op: { allow_spinning: '0' } } },
    });
    const outputName = session.outputNames[0];
    invariant(outputName !== undefined, `${file} has no output`);
    return new FloatNetwork(session, outputName);
  }

  /** Blocks the event loop while the graph computes: callers keep one call to a few milliseconds. */
  async run(inputs: Readonly<Record<string, FloatInput>>): Promise<Float32Array> {
    const feeds: Record<string, Tensor> = {};
    for (const [name, { values, shape }] of Object.entries(inputs)) feeds[name] = new Tensor('float32', values, shape);
    const outputs = await this.session.run(feeds);
    const values = outputs[this.outputName]?.data;
    invariant(values instanceof Float32Array, `${this.outputName} is not a float32 tensor`);
    return values;
  }

  async release(): Promise<void> {
    await this.session.release();
  }
}
