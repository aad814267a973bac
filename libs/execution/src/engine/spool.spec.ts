import { createInMemorySpoolDisk, spoolConformance } from '../testing/index.js';

spoolConformance('in memory', async () => {
  const disk = createInMemorySpoolDisk();
  return { open: () => disk.open(), cleanUp: async () => {} };
});
