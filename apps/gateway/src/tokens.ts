/** Injection tokens of the gateway's own parts. */
export const GATEWAY = Symbol('Gateway');
