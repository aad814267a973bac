export { buildAsyncApi } from './asyncapi.js';
export { incompatibilities } from './event-compatibility.js';
export { eventSchema } from './event-schema.js';
export { buildEventsPage } from './events-page.js';
export type { JsonSchema } from './json-schema.js';
export { buildOpenApi, type OpenApiOptions } from './openapi.js';
