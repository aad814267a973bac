import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jest } from '@jest/globals';
import { inferenceEngineConformance } from '@millrace/execution/testing';
import { silentLogger } from '@millrace/kernel';
import { importWithHostArrays } from './testing/import-with-host-arrays.js';

/** Some thirty runs of a tiny clip with a real ffmpeg each, on a machine that may be busy. */
jest.setTimeout(60_000);

inferenceEngineConformance('onnx-demo', async (clock) => {
  const { createOnnxVideoEngine, demoModelDirectory } = await importWithHostArrays(() => import('./index.js'));
  const scratch = await mkdtemp(path.join(tmpdir(), 'onnx-engine-'));
  return {
    engine: createOnnxVideoEngine({
      modelDirectory: demoModelDirectory(),
      threads: 1,
      clock,
      logger: silentLogger,
      renderHeight: 60,
    }),
    job: {
      taskType: 'ti2v-5B',
      model: 'demo',
      prompt: 'a red ball bouncing over the sea',
      resolution: { width: 208, height: 120 },
      seed: 1,
      steps: 5,
      durationS: 0.4,
      stepDelayMs: 0,
    },
    workDirectory: () => mkdtemp(path.join(scratch, 'run-')),
    readFile: (file) => readFile(file),
    listFiles: (directory) => readdir(directory),
    close: () => rm(scratch, { recursive: true }),
  };
});
