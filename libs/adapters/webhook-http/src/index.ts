export { createAddressPolicy } from './address-policy.js';
export { createHttpImageTransport, type HttpImageTransport } from './image-transport.http.js';
export type { ResolveAll } from './vetted-agent.js';
export { createHttpWebhookSender, type HttpWebhookSender } from './webhook-sender.http.js';
