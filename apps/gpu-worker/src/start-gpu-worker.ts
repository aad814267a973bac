import 'reflect-metadata';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import { createFileSpool, createFileWorkspace, createImageFiles } from '@millrace/adapter-file-spool';
import { createOnnxVideoEngine, demoModelDirectory } from '@millrace/adapter-onnx';
import { createHttpImageTransport } from '@millrace/adapter-webhook-http';
import { createNoopEngine, type Worker } from '@millrace/execution';
import type { InferenceEngine, MachineProbe, ObjectStore } from '@millrace/execution/ports';
import type { OutboundRules } from '@millrace/notifications';
import type { HostParts, RunningProcess } from '@millrace/platform';
import { gpuWorkerModule } from './gpu-worker.module.js';
import type { EngineName, GpuWorkerSettings } from './gpu-worker.settings.js';
import { WORKER } from './gpu-worker.tokens.js';
import { createMachineProbe, machineOf } from './worker-machine.js';

export interface StartGpuWorkerOptions {
  readonly settings: GpuWorkerSettings;
  readonly parts: HostParts;
  readonly objects: ObjectStore;
  /** Where pictures may be fetched from. */
  readonly outbound: OutboundRules;
  readonly version: string;
  /** By default as the settings say. */
  readonly probe?: MachineProbe;
}

export interface RunningGpuWorker extends RunningProcess {
  /** Aborted once the worker has left by itself, because the scheduler asked it to: the process may end. */
  readonly left: AbortSignal;
}

/** Starts one worker incarnation in this process. Resolves when it is registered. */
export async function startGpuWorker(options: StartGpuWorkerOptions): Promise<RunningGpuWorker> {
  const { settings, parts, objects, version } = options;
  const { probe = createMachineProbe(settings, parts) } = options;
  const machine = machineOf(settings, await probe.describe());
  const imageTransport = createHttpImageTransport({ rules: options.outbound });
  const adapters = {
    engines: settings.engines.map((name) => ENGINES[name](settings, parts)),
    objects,
    imageTransport,
    imageFiles: await createImageFiles({ directory: join(settings.workDirectory, 'images') }),
    workspace: await createFileWorkspace({ directory: join(settings.workDirectory, 'attempts') }),
    spool: await createFileSpool({ directory: settings.spoolDirectory, logger: parts.logger }),
    probe,
  };
  const module = gpuWorkerModule({ settings, machine, parts, adapters, version });
  const context = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
  return {
    left: context.get<Worker>(WORKER).left,
    stop: async () => {
      parts.health.markStopping();
      await context.close();
      await imageTransport.close();
    },
  };
}

const ENGINES: Readonly<Record<EngineName, (settings: GpuWorkerSettings, parts: HostParts) => InferenceEngine>> = {
  onnx: ({ threads, modelDirectory }, { clock, logger }) =>
    createOnnxVideoEngine({ modelDirectory: modelDirectory ?? demoModelDirectory(), threads, clock, logger }),
  noop: (_settings, { clock }) => createNoopEngine({ clock }),
};
