import type { Rng } from '@millrace/kernel';

/** How often each small fault happens, per occasion. The large ones are made by the disturber, in virtual time. */
export const RATES = {
  'crash between statements': 0.0004,
  'transaction cut before its commit': 0.004,
  'commit answered with an error': 0.004,
  'publish refused': 0.01,
  'publish answer lost': 0.01,
  'publish in part': 0.004,
  'worker lost amid a publish': 0.002,
  'record published twice': 0.1,
  'delivery delayed': 0.03,
  rebalance: 0.0005,
  'object store refused': 0.02,
  'spool refused': 0.01,
  'GPU with an Xid': 0.01,
  'GPU lost': 0.003,
  'webhook not sent': 0.1,
  'webhook taken, answer lost': 0.1,
  'webhook answered 500': 0.1,
  'client gave up waiting': 0,
  'service killed': 0,
  'service paused': 0,
  'worker killed': 0,
  'worker killed, disk lost': 0,
  'worker paused': 0,
  'worker asked to leave': 0,
  'broker away': 0,
  'database restarted': 0,
  'receiver away': 0,
  'clock of a service off by an hour': 0,
} as const;
export type FaultKind = keyof typeof RATES;

/** Decides by the seed what goes wrong, and counts it. */
export class Faults {
  private readonly counts = new Map<FaultKind, number>();
  private enabled = true;

  constructor(
    private readonly rng: Rng,
    /** Multiplies every rate: 1 is a bad day. */
    readonly severity: number,
    private readonly rates: Readonly<Record<FaultKind, number>> = RATES,
  ) {}

  /** Rolls the dice for one occasion. */
  happens(kind: FaultKind): boolean {
    if (!this.enabled || this.rng.next() >= Math.min(0.5, this.rates[kind] * this.severity)) return false;
    this.note(kind);
    return true;
  }

  note(kind: FaultKind): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
  }

  /** From now on everything works. */
  end(): void {
    this.enabled = false;
  }

  get active(): boolean {
    return this.enabled;
  }

  injected(): ReadonlyMap<FaultKind, number> {
    return this.counts;
  }
}
