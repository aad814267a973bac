import { busIdOf } from './gpu-table.js';

/** A message of the kernel's log begins with its time; what does not goes on with the one before. */
const STARTS_MESSAGE = /^\[\s*\d+\.\d+\]|^\d{4}-\d\d-\d\d|^[A-Z][a-z]{2} [A-Z\d]/;
/** The driver writes `NVRM: Xid (PCI:0000:07:00): 79, …`, or of a lost GPU a message of three lines without an Xid. */
const OF_A_FAULT = /NVRM.*(?:\bXid\b|fallen off the bus)/;

/** Messages of the kernel's log about faults of GPUs, oldest first, by bus id (`0000:07:00`); each as one line. */
export function parseKernelLog(output: string): ReadonlyMap<string, readonly string[]> {
  const messages: string[] = [];
  for (const line of output.split('\n')) {
    const last = messages.length - 1;
    if (STARTS_MESSAGE.test(line) || last < 0) messages.push(line.trimEnd());
    else messages[last] = `${messages[last] ?? ''} ${line.trim()}`.trimEnd();
  }
  const faults = messages.filter((message) => OF_A_FAULT.test(message));
  return Map.groupBy(faults, (message) => busIdOf(message) ?? '');
}
