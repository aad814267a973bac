import type { MigrationInterface } from 'typeorm';

/** A TypeORM migration. Its name ends in its time, 13 digits: `AddTasks1760000000000`. */
export type MigrationClass = new () => MigrationInterface;
