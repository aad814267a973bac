export { ACME, UMBRELLA, aPrincipal, aRequestedTask, aTaskEnd, aTaskId, aTaskRequest, anAttempt } from './builders.js';
export { createInMemoryIntake, type InMemoryIntake } from './in-memory-intake.js';
export { intakeStoresConformance, type IntakeUnderTest } from './intake-stores-conformance.js';
