import { inferenceEngineConformance } from '../testing/inference-engine-conformance.js';
import { createNoopEngine } from './noop-engine.js';

inferenceEngineConformance('noop', (clock) =>
  Promise.resolve({
    engine: createNoopEngine({ clock }),
    job: {
      taskType: 'noop',
      model: 'noop',
      prompt: '',
      resolution: { width: 0, height: 0 },
      seed: 0,
      steps: 1,
      durationS: 0,
      stepDelayMs: 0,
    },
    workDirectory: () => Promise.resolve('/nowhere'),
    readFile: (path) => Promise.reject(new Error(`no file was expected: ${path}`)),
    listFiles: () => Promise.resolve([]),
    close: () => Promise.resolve(),
  }),
);
