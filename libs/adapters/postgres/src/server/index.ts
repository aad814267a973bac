export { startEmbeddedPostgres, type EmbeddedPostgres, type EmbeddedPostgresOptions } from './embedded-postgres.js';
export { startTemporaryPostgres, type TemporaryPostgresOptions } from './temporary-postgres.js';
export { startKeptPostgres } from './kept-postgres.js';
