import { deadLetterStoreConformance } from './dead-letter-store-conformance.js';
import { createInMemoryDeadLetterStore } from './in-memory-dead-letters.js';

deadLetterStoreConformance('in memory', async () => createInMemoryDeadLetterStore());
