import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { silentLogger } from '@millrace/kernel';
import { decide, decodeCycle, type PolicyConfig } from '@millrace/scheduling/policy';
import { aPendingTask, aWorkerView } from '@millrace/scheduling/testing';
import { eventually } from '@millrace/test-kit';
import { CycleFile } from './cycle-file.js';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'cycles-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const config: PolicyConfig = { maxPlacements: 5 };
const snapshot = { pending: [aPendingTask(1), aPendingTask(2)], workers: [aWorkerView(1)] };

function record(every: number, maxBytes: number, cycles: number) {
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
  const path = join(folder, 'cycles.jsonl');
  const file = new CycleFile({ path, every, maxBytes, logger });
  for (let at = 1; at <= cycles; at++) {
    file.decided({ at, configVersion: 'v1', snapshot, config }, decide(snapshot, config, at));
  }
  return { path, warnings, close: () => file.close() };
}

const linesOf = (path: string) => readFileSync(path, 'utf8').trimEnd().split('\n');

describe('the file of recorded cycles', () => {
  it('has every n-th cycle, which decides the same when it is read again', async () => {
    const { path, close } = record(3, 1_000_000, 7);
    await close();
    const cycles = linesOf(path).map(decodeCycle);
    expect(cycles.map(({ at }) => at)).toEqual([1, 4, 7]);
    for (const { snapshot: seen, config: used, at, decisions } of cycles) {
      const again = decide(seen, used, at);
      expect(again.map(({ kind, task, reason }) => [kind, task.id, reason])).toEqual(
        decisions.map(({ kind, task, reason }) => [kind, task, reason]),
      );
    }
  });

  it('ends at its size, says so once, and goes on from what is there', async () => {
    const first = record(1, 1_000_000, 1);
    await first.close();
    const lineBytes = statSync(first.path).size;
    const second = record(1, 3 * lineBytes, 9);
    await second.close();
    expect(linesOf(first.path)).toHaveLength(3);
    expect(second.warnings).toEqual(['the file of recorded cycles is full']);
  });

  it('fails no cycle when it can not be written', async () => {
    rmSync(folder, { recursive: true });
    const { warnings, close } = record(1, 1_000_000, 2);
    await eventually(() => expect(warnings).toEqual(['cycles are not recorded any more']));
    await close();
    folder = mkdtempSync(join(tmpdir(), 'cycles-'));
  });
});
