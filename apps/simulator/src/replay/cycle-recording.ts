import { closeSync, openSync, writeSync } from 'node:fs';
import { messageOf } from '@millrace/kernel';
import { decideCycle, encodeCycle } from '@millrace/scheduling/policy';
import { UsageError } from '../command-line/usage-error.js';
import type { SimulationOptions } from '../scenario/simulation.js';

/** Nothing is written that would make a file larger. */
const BYTES_MAX = 256 * 1024 * 1024;

/** Writes each cycle of a run to a file, in the form that the scheduler records its own in. */
export class CycleRecording {
  private readonly descriptor: number;
  private bytes = 0;
  /** Cycles that were too large, or came when the file was full. */
  left = 0;

  constructor(
    file: string,
    private readonly configVersion: string,
  ) {
    try {
      this.descriptor = openSync(file, 'w');
    } catch (error) {
      throw new UsageError(`--record ${file} can't be written: ${messageOf(error)}`);
    }
  }

  /** The production policy, listened to. */
  readonly policy: NonNullable<SimulationOptions['policy']> = (snapshot, config, now) => {
    const decided = decideCycle(snapshot, config, now);
    const line = encodeCycle({ at: now, configVersion: this.configVersion, snapshot, config }, decided.decisions);
    const length = line === undefined ? Infinity : Buffer.byteLength(line) + 1;
    if (this.bytes + length > BYTES_MAX) this.left += 1;
    else this.bytes += writeSync(this.descriptor, `${line}\n`);
    return decided;
  };

  close(): void {
    closeSync(this.descriptor);
  }
}
