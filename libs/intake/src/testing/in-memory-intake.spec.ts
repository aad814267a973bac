import { createInMemoryIntake } from './in-memory-intake.js';
import { intakeStoresConformance } from './intake-stores-conformance.js';

intakeStoresConformance('in memory', async () => {
  const { system, request, reader, keys } = createInMemoryIntake();
  return { system: system.unitOfWork, request: request.unitOfWork, reader, keys };
});
