import { seededRng, silentLogger, uuidv7, type IdGenerator, type Logger, type Rng } from '@millrace/kernel';
import { createInMemoryBilling, type InMemoryBilling } from '@millrace/billing/testing';
import { createInMemoryObjectStore, type InMemoryObjectStore } from '@millrace/execution/testing';
import { createInMemoryIntake, type InMemoryIntake } from '@millrace/intake/testing';
import { createInMemoryParkedEventStore, type InMemoryParkedEventStore } from '@millrace/messaging/testing';
import { InMemoryDeliveryStore, InMemorySecretStore } from '@millrace/notifications/testing';
import { InMemorySchedulingDatabase } from '@millrace/scheduling/testing';
import type { Mutation } from '../mutations.js';
import { Faults } from './faults.js';
import { SimulatedBus, unavailable } from './simulated-bus.js';
import { SimulatedDatabase, type DatabaseSeams } from './simulated-database.js';
import { SimulationClock } from './simulation-clock.js';

export const SERVICES = ['gateway', 'scheduler', 'billing', 'notifier'] as const;
export type ServiceName = (typeof SERVICES)[number];

/** By seed: a bad day, a worse one, and one on which hardly anything works. */
const SEVERITIES = [1, 3, 8];

export interface WorldOptions {
  readonly seed: number;
  readonly mutation?: Mutation | undefined;
  readonly logger?: Logger | undefined;
}

/** All that outlives a machine: time, chance, the broker, the databases, the object store. */
export class World {
  readonly clock = new SimulationClock();
  readonly rng: Rng;
  readonly faults: Faults;
  readonly ids: IdGenerator;
  readonly bus: SimulatedBus;
  readonly objects: InMemoryObjectStore;
  readonly logger: Logger;
  readonly mutation: Mutation | undefined;
  readonly intake: InMemoryIntake = createInMemoryIntake();
  readonly scheduling: InMemorySchedulingDatabase;
  readonly billing: InMemoryBilling = createInMemoryBilling();
  readonly deliveries = new InMemoryDeliveryStore();
  readonly secrets = new InMemorySecretStore();
  readonly parked: Readonly<Record<ServiceName, InMemoryParkedEventStore>>;
  readonly databases;

  constructor(options: WorldOptions) {
    this.rng = seededRng(options.seed);
    this.faults = new Faults(this.rng, SEVERITIES[options.seed % SEVERITIES.length] ?? 1);
    this.ids = { next: () => uuidv7(this.clock.now(), this.rng) };
    this.bus = new SimulatedBus(this);
    this.objects = createInMemoryObjectStore(this.clock);
    this.objects.intercept(() => {
      if (this.faults.happens('object store refused')) throw unavailable('the object store refused the call');
    });
    this.logger = options.logger ?? silentLogger;
    this.mutation = options.mutation;
    this.scheduling = new InMemorySchedulingDatabase(this.clock);
    this.parked = {
      gateway: createInMemoryParkedEventStore(),
      scheduler: createInMemoryParkedEventStore(),
      billing: createInMemoryParkedEventStore(),
      notifier: createInMemoryParkedEventStore(),
    };
    this.databases = this.createDatabases();
  }

  isMutated(mutation: Mutation): boolean {
    return this.mutation === mutation;
  }

  private createDatabases() {
    const { scheduling, intake, billing, deliveries } = this;
    const seams: DatabaseSeams = this.isMutated('no inbox') ? { claim: (events) => events } : {};
    return {
      gateway: new SimulatedDatabase(this, 'gateway', intake.stores, intake.snapshot, seams),
      scheduler: new SimulatedDatabase(this, 'scheduler', scheduling.stores(), () => scheduling.snapshot(), seams),
      billing: new SimulatedDatabase(this, 'billing', billing.stores, billing.snapshot, seams),
      notifier: new SimulatedDatabase(this, 'notifier', { deliveries }, () => deliveries.snapshot(), seams),
    };
  }
}
