import type { ServiceDatabase } from '@millrace/adapter-postgres';
import {
  PostgresApiKeyStore,
  PostgresDeadLetterStore,
  PostgresTaskReader,
  createIntakeStores,
  createTenantStores,
} from '@millrace/adapter-postgres/intake';
import { createAddressPolicy } from '@millrace/adapter-webhook-http';
import {
  AcceptTasks,
  AuthenticateKey,
  AwaitTask,
  BootstrapTenant,
  DeadLetters,
  EraseTask,
  ForgetOldKeys,
  ProgressBoard,
  ProjectLifecycle,
  QueueBoard,
  ReadTasks,
  RequestCancel,
  RetryTask,
  TaskWatch,
  createCatalogue,
} from '@millrace/intake';
import type { ArtifactUrls } from '@millrace/intake/ports';
import type { Authenticator, HostParts } from '@millrace/platform';
import { createGatewayMetrics, type GatewayMetrics } from './gateway-metrics.js';
import { createDeadLetterCourier } from './events/dead-letter-courier.js';
import { createArtifactUrls, createTaskObjects, type GatewayObjects } from './objects/gateway-objects.js';
import type { GatewaySettings, ServiceUrls } from './settings.js';

export interface GatewayOptions {
  readonly parts: HostParts;
  /** Its schema `gateway` is migrated. */
  readonly databaseUrl: string;
  readonly http: { readonly host: string; readonly port: number };
  /** How clients reach this server, where that is another address than the one it listens on. */
  readonly publicUrl?: string;
  readonly objects: GatewayObjects;
  readonly outbound: Parameters<typeof createAddressPolicy>[0];
  /** Signs the principals that are handed to the other services. */
  readonly principalKey: string;
  readonly keyPepper: string;
  /** Where the other services answer. A function, for a process that starts them after the gateway. */
  readonly services: () => ServiceUrls;
  readonly settings: GatewaySettings;
}

/** The gateway's use cases and boards, wired once. */
export interface Gateway {
  readonly accept: AcceptTasks;
  readonly retry: RetryTask;
  readonly deadLetters: DeadLetters;
  readonly tasks: ReadTasks;
  readonly awaitTask: AwaitTask;
  readonly cancel: RequestCancel;
  readonly erase: EraseTask;
  readonly project: ProjectLifecycle;
  readonly forgetOldKeys: ForgetOldKeys;
  readonly bootstrap: BootstrapTenant;
  readonly progress: ProgressBoard;
  readonly queue: QueueBoard;
  readonly watch: TaskWatch;
  readonly artifactUrls: ArtifactUrls;
  readonly authenticator: Authenticator;
  readonly metrics: GatewayMetrics;
  readonly options: GatewayOptions;
}

export function createGateway(options: GatewayOptions, database: ServiceDatabase): Gateway {
  const { clock, rng } = options.parts;
  const reader = new PostgresTaskReader(database.request);
  const keys = new PostgresApiKeyStore(database.system);
  const system = database.unitOfWork(createIntakeStores);
  const request = database.requestUnitOfWork(createTenantStores);
  const progress = new ProgressBoard();
  const watch = new TaskWatch(progress);
  const queue = new QueueBoard(clock);
  const tasks = new ReadTasks(reader);
  const accept = createAcceptTasks(options, database, queue);
  const authenticate = new AuthenticateKey(keys, options.keyPepper, clock);
  return {
    accept,
    retry: new RetryTask(tasks, accept),
    deadLetters: new DeadLetters(
      new PostgresDeadLetterStore(database.system),
      createDeadLetterCourier(options.parts.bus),
      clock,
    ),
    tasks,
    awaitTask: new AwaitTask(tasks, watch, clock),
    cancel: new RequestCancel(request, clock),
    erase: new EraseTask(reader, request, createTaskObjects(options.objects), clock),
    project: new ProjectLifecycle(system, watch),
    forgetOldKeys: new ForgetOldKeys(system, clock),
    bootstrap: new BootstrapTenant(keys, options.keyPepper, clock, rng),
    progress,
    queue,
    watch,
    artifactUrls: createArtifactUrls(options.objects, clock),
    authenticator: { authenticate: (authorization) => authenticate.execute(authorization) },
    metrics: createGatewayMetrics(options.parts.metrics),
    options,
  };
}

function createAcceptTasks(
  { parts, settings, outbound }: GatewayOptions,
  database: ServiceDatabase,
  queue: QueueBoard,
): AcceptTasks {
  const { model, typicalTaskS, noopTasks, stepDelayAllowed, costCentre, maxRetries, maxRetriesByType } = settings;
  return new AcceptTasks({
    ...parts,
    unitOfWork: database.unitOfWork(createIntakeStores),
    addresses: createAddressPolicy(outbound),
    backlog: database.dispatcher,
    dispatch: queue,
    limits: { publishAgeMs: settings.publishAgeMaxS * 1000, dispatchLagMs: settings.dispatchLagMaxS * 1000 },
    rules: { catalogue: createCatalogue({ model, typicalS: typicalTaskS, noop: noopTasks }), stepDelayAllowed },
    estimate: (task) => queue.estimate(task),
    machines: () => queue.machines(),
    costCentre,
    maxRetries,
    ...(maxRetriesByType === undefined ? {} : { maxRetriesByType }),
  });
}
