import { getCosts } from './costs.js';
import {
  getDeadLetter,
  listDeadLetters,
  redriveDeadLetter,
  redriveDeadLetters,
  skipDeadLetter,
  skipDeadLetters,
} from './dead-letters.js';
import type { RouteDefinition } from './define-route.js';
import { postGenerate } from './generate.js';
import { getAsyncApi, getHealth, getLive, getMetrics, getObject, getOpenApi, getReady } from './system.js';
import { streamTaskEvents } from './task-events.js';
import { getStatus } from './task-status.js';
import { cancelTask, deleteTask, getTask, listArtifacts, listTasks, retryTask } from './tasks.js';
import { getWebhookSecret, listDeliveries } from './webhooks.js';
import { listWorkers } from './workers.js';

/** Every operation of the public API. OpenAPI, the forwarding table and the tests of routes are made from this list. */
export const ROUTES: readonly RouteDefinition[] = [
  postGenerate,
  getStatus,
  listTasks,
  getTask,
  deleteTask,
  cancelTask,
  retryTask,
  listArtifacts,
  streamTaskEvents,
  getCosts,
  getWebhookSecret,
  listDeliveries,
  listWorkers,
  listDeadLetters,
  redriveDeadLetters,
  skipDeadLetters,
  getDeadLetter,
  redriveDeadLetter,
  skipDeadLetter,
  getObject,
  getHealth,
  getLive,
  getReady,
  getMetrics,
  getOpenApi,
  getAsyncApi,
];
