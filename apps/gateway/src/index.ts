export { FIRST_TENANT, pepperOf } from './first-tenant.js';
export type { GatewayOptions } from './gateway.js';
export type { GatewayObjects } from './objects/gateway-objects.js';
export {
  GATEWAY_VARIABLES,
  SERVICE_VARIABLES,
  gatewaySettings,
  type GatewaySettings,
  type ServiceUrls,
} from './settings.js';
export { startGateway, type RunningGateway } from './start-gateway.js';
