import { attemptReported, eventOfType, taskAssigned, type EventData, type EventDefinition } from '@millrace/contracts';
import { VirtualClock, seededRng, silentLogger, uuidv7 } from '@millrace/kernel';
import { EventStamper, createEventPublisher, createPropagatingTracer, decodeEvent } from '@millrace/messaging';
import type { ReceivedEvent } from '@millrace/messaging/ports';
import { createInMemoryBus, receivedEvent, type InMemoryBus } from '@millrace/messaging/testing';
import type { Assignment } from '../engine/assignment.js';
import { createWorker, type Worker, type WorkerSettings } from '../engine/create-worker.js';
import type { ImageSource } from '../engine/ports/image-source.port.js';
import type { InferenceEngine } from '../engine/ports/inference-engine.port.js';
import type { MachineProbe } from '../engine/ports/machine-probe.port.js';
import { ASSIGNED_TRACEPARENT, buildAssignment, buildWorkerSettings } from './builders.js';
import { createFakeImageSource, createFakeWorkspace } from './fake-worker-files.js';
import { createInMemoryObjectStore, type InMemoryObjectStore } from './in-memory-object-store.js';
import { createInMemorySpoolDisk, type InMemorySpoolDisk } from './in-memory-spool.js';
import { createScriptedEngine, type Script, type ScriptedEngine } from './scripted-engine.js';

/** The world around workers; several incarnations may live in it, one after the other. */
export interface FakeWorld {
  readonly clock: VirtualClock;
  readonly bus: InMemoryBus;
  readonly objects: InMemoryObjectStore;
  readonly disk: InMemorySpoolDisk;
}

export function createFakeWorld(): FakeWorld {
  const clock = new VirtualClock();
  return {
    clock,
    bus: createInMemoryBus({ clock, partitions: 1 }),
    objects: createInMemoryObjectStore(clock),
    disk: createInMemorySpoolDisk(),
  };
}

export interface FakeWorkerOptions {
  readonly world?: FakeWorld;
  readonly settings?: Partial<WorkerSettings>;
  readonly script?: Script;
  readonly engines?: readonly InferenceEngine[];
  readonly images?: ImageSource;
  readonly preload?: boolean;
  readonly probe?: Pick<MachineProbe, 'readHealth'>;
}

/** The production worker over fakes and virtual time, with what it said. */
export interface FakeWorker extends FakeWorld {
  readonly worker: Worker;
  readonly engine: ScriptedEngine;
  readonly folders: ReadonlySet<string>;
  /** Data of the events of a type on the bus, in order. */
  said<Definition extends EventDefinition>(definition: Definition): readonly EventData<Definition>[];
  /** The same with their attributes. */
  events(definition: EventDefinition): readonly ReceivedEvent[];
  /** Gives it an assignment as the scheduler would; see `buildAssignment`. */
  assign(overrides?: Partial<Assignment>): void;
  /** Kinds of all attempt reports on the bus, in order. */
  reportedKinds(): readonly string[];
}

/** A worker that is started and not registered. */
export async function createFakeWorker(options: FakeWorkerOptions = {}): Promise<FakeWorker> {
  const world = options.world ?? createFakeWorld();
  const { clock, bus, objects, disk } = world;
  const rng = seededRng(11);
  const tracer = createPropagatingTracer(rng);
  const stamper = new EventStamper({ clock, ids: { next: () => uuidv7(clock.now(), rng) }, tracer });
  const engine = createScriptedEngine(clock, options.script);
  const workspace = createFakeWorkspace();
  const worker = createWorker({
    settings: buildWorkerSettings(options.settings),
    engines: options.engines ?? [engine],
    objects,
    images: options.images ?? createFakeImageSource(),
    workspace,
    spool: await disk.open(),
    bus,
    stamper,
    publisher: createEventPublisher({ bus, stamper }),
    clock,
    rng,
    tracer,
    logger: silentLogger,
    ...(options.probe === undefined ? {} : { probe: options.probe }),
  });
  await worker.start({ preload: options.preload ?? false });
  const events = (definition: EventDefinition): readonly ReceivedEvent[] =>
    bus
      .records(definition.topic)
      .map(decodeEvent)
      .filter(({ type }) => eventOfType(type)?.type === definition.type);
  const said = <Definition extends EventDefinition>(definition: Definition): readonly EventData<Definition>[] =>
    events(definition).map(({ data }) => data as EventData<Definition>);
  return {
    ...world,
    worker,
    engine,
    folders: workspace.folders,
    events,
    said,
    assign: (overrides) => {
      const attributes = { traceparent: ASSIGNED_TRACEPARENT };
      worker.take([receivedEvent(taskAssigned, buildAssignment(overrides), attributes)]);
    },
    reportedKinds: () => said(attemptReported).map(({ kind }) => kind),
  };
}

/** A worker that is registered and idle. */
export async function createRegisteredWorker(options: FakeWorkerOptions = {}): Promise<FakeWorker> {
  const fake = await createFakeWorker(options);
  await fake.worker.register();
  return fake;
}
