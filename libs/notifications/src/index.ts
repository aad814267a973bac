export {
  DELIVERY_STATES,
  TRY_ERRORS,
  afterTry,
  type Delivery,
  type DeliveryContent,
  type DeliveryState,
  type DeliveryTry,
  type TryError,
  type TryOutcome,
} from './domain/delivery.js';
export {
  STRICT_RULES,
  checkIpAddress,
  checkUrl,
  type AddressVerdict,
  type OutboundRules,
  type ParsedUrl,
} from './domain/outbound-address.js';
export { RETRY_SCHEDULE_MS, nextTryDelayMs } from './domain/retry-schedule.js';
export { DeliveryLoop } from './engine/delivery-loop.js';
export { PlanDeliveries, type NotificationStores, type NotificationUnitOfWork } from './engine/plan-deliveries.js';
export { ReadSecrets } from './engine/read-secrets.js';
export { SendDeliveries, originOf, type SendDeliveriesParts } from './engine/send-deliveries.js';
