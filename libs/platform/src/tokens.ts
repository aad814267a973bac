/** Injection tokens of what the platform provides to every app. */
export const CLOCK = Symbol('Clock');
export const RNG = Symbol('Rng');
export const IDS = Symbol('IdGenerator');
export const LOGGER = Symbol('Logger');
export const TRACER = Symbol('Tracer');
export const METRICS = Symbol('Registry');
export const EVENT_BUS = Symbol('EventBus');
export const EVENT_STAMPER = Symbol('EventStamper');
export const EVENT_PUBLISHER = Symbol('EventPublisher');
export const AUTHENTICATOR = Symbol('Authenticator');
