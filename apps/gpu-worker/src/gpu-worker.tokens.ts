/** Injection tokens of the worker's own parts. */
export const WORKER = Symbol('Worker');
export const COMMANDS_RUNTIME = Symbol('ConsumerRuntime');
export const COMMANDS_GROUP = Symbol('CommandsGroup');
export const PRELOAD = Symbol('Preload');
