export {
  ACME,
  UMBRELLA,
  aDeadLetter,
  aPrincipal,
  aRequestedTask,
  aTaskEnd,
  aTaskId,
  aTaskRequest,
  anAttempt,
} from './builders.js';
export { deadLetterStoreConformance } from './dead-letter-store-conformance.js';
export { createInMemoryDeadLetterStore } from './in-memory-dead-letters.js';
export { createInMemoryIntake, type InMemoryIntake } from './in-memory-intake.js';
export { intakeStoresConformance, type IntakeUnderTest } from './intake-stores-conformance.js';
