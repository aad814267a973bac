import { BILLING_VARIABLES } from '@millrace/app-billing';
import { GATEWAY_VARIABLES, SERVICE_VARIABLES } from '@millrace/app-gateway';
import { GPU_WORKER_VARIABLES } from '@millrace/app-gpu-worker';
import { SCHEDULER_VARIABLES } from '@millrace/app-scheduler';
import {
  HTTP_VARIABLES,
  KAFKA_VARIABLES,
  OUTBOUND_VARIABLES,
  S3_VARIABLES,
  SECURITY_VARIABLES,
  TELEMETRY_VARIABLES,
} from '@millrace/platform';
import { STANDALONE_VARIABLES } from './standalone-settings.js';

/** Every variable that some part of Millrace reads: any other `MILLRACE_…` is a typing error. */
export const KNOWN_VARIABLES: readonly string[] = [
  STANDALONE_VARIABLES,
  HTTP_VARIABLES,
  TELEMETRY_VARIABLES,
  KAFKA_VARIABLES,
  S3_VARIABLES,
  SECURITY_VARIABLES,
  OUTBOUND_VARIABLES,
  GPU_WORKER_VARIABLES,
  SCHEDULER_VARIABLES,
  GATEWAY_VARIABLES,
  SERVICE_VARIABLES,
  BILLING_VARIABLES,
]
  .flatMap((variables): readonly string[] => Object.values(variables))
  .concat(['MILLRACE_REQUIRE', 'MILLRACE_CACHE']);
