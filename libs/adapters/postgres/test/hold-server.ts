import { startEmbeddedPostgres } from '../src/server/index.js';

// Starts the server of the directory given, says so on stdout, and waits to be killed.
const server = await startEmbeddedPostgres({ directory: process.argv[2] ?? '' });
process.stdout.write(`${server.url}\n`);
setInterval(() => {}, 60_000);
