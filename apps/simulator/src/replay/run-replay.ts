import { open, readFile, type FileHandle } from 'node:fs/promises';
import { messageOf, toIso } from '@millrace/kernel';
import {
  decide,
  decodeCycle,
  recordDecision,
  type PolicyConfig,
  type RecordedDecision,
} from '@millrace/scheduling/policy';
import { ProgressLine } from '../command-line/progress-line.js';
import { UsageError } from '../command-line/usage-error.js';
import { count } from '../report/report-table.js';
import type { RunSurroundings } from '../run-scenario.js';
import { readYaml } from '../scenario/field-reader.js';
import { withSettings } from '../scenario/policy-config.js';
import { readPolicyFile, type PolicySettings } from '../scenario/policy-settings.js';
import { compareDecisions, type DecisionDifference } from './compare-decisions.js';

/** Differences told of one cycle. */
const SHOWN_PER_CYCLE_MAX = 10;
/** Cycles whose differences are told one by one; the rest are counted. */
const SHOWN_CYCLES_MAX = 20;

export interface ReplayRequest {
  /** Lines of `encodeCycle` (libs/scheduling). */
  readonly file: string;
  readonly json: boolean;
  /** The scheduler's policy file, or YAML with some of its fields: they replace the recorded ones. */
  readonly policyFile: string | undefined;
}

interface ReplayedCycle {
  readonly cycle: number;
  readonly at: string;
  readonly configVersion: string;
  readonly decisions: number;
  readonly same: number;
  readonly differing: readonly DecisionDifference[];
}

/**
 * Decides recorded cycles again and shows what differs.
 * @returns the exit code: 0; 1 where a decision differs; 130 where it was stopped.
 */
export async function runReplay(request: ReplayRequest, surroundings: RunSurroundings): Promise<number> {
  const { output, clock, stop } = surroundings;
  const settings = await readSettings(request.policyFile);
  const progress = new ProgressLine(output, clock);
  const sums = { cycles: 0, decisions: 0, differing: 0, cyclesDiffering: 0 };
  for await (const replayed of replayLines(request.file, settings)) {
    sums.cycles += 1;
    sums.decisions += replayed.decisions;
    sums.differing += replayed.differing.length;
    if (replayed.differing.length > 0) sums.cyclesDiffering += 1;
    if (request.json) output.out(`${JSON.stringify(replayed)}\n`);
    else if (replayed.differing.length > 0 && sums.cyclesDiffering <= SHOWN_CYCLES_MAX) {
      progress.clear();
      output.out(tellCycle(replayed));
    }
    progress.tell(
      `${count(sums.cycles)} cycles, ${count(sums.differing)} of ${count(sums.decisions)} decisions differ`,
    );
    if (stop.aborted) break;
  }
  progress.clear();
  if (sums.cycles === 0)
    throw new UsageError(`${request.file} holds no cycle: one a line, as the scheduler records them.`);
  if (!request.json) output.out(tellSums(sums));
  if (stop.aborted) return 130;
  return sums.differing > 0 ? 1 : 0;
}

async function* replayLines(file: string, settings: PolicySettings | undefined): AsyncGenerator<ReplayedCycle> {
  const opened = await openFile(file);
  try {
    let number = 0;
    for await (const line of opened.readLines()) {
      number += 1;
      if (line.trim() !== '') yield replayLine(file, number, line, settings);
    }
  } finally {
    await opened.close();
  }
}

async function openFile(file: string): Promise<FileHandle> {
  try {
    const opened = await open(file);
    if ((await opened.stat()).isFile()) return opened;
    await opened.close();
  } catch (error) {
    throw new UsageError(`${file} can't be read (${messageOf(error)}): name a file of recorded cycles.`);
  }
  throw new UsageError(`${file} is no file: name a file of recorded cycles.`);
}

function replayLine(file: string, number: number, line: string, settings: PolicySettings | undefined): ReplayedCycle {
  const cycle = decoded(file, number, line);
  const config: PolicyConfig = settings === undefined ? cycle.config : withSettings(cycle.config, settings);
  const decisions = decide(cycle.snapshot, config, cycle.at).map(recordDecision);
  const { same, differing } = compareDecisions(cycle.decisions, decisions);
  return {
    cycle: number,
    at: toIso(cycle.at),
    configVersion: cycle.configVersion,
    decisions: decisions.length,
    same,
    differing,
  };
}

function decoded(file: string, number: number, line: string): ReturnType<typeof decodeCycle> {
  try {
    return decodeCycle(line);
  } catch (error) {
    throw new UsageError(`${file}:${number}: ${messageOf(error)}`);
  }
}

async function readSettings(file: string | undefined): Promise<PolicySettings | undefined> {
  if (file === undefined) return undefined;
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(`--policy-config ${file} can't be read: ${messageOf(error)}`);
  }
  const { root, faults } = readYaml(file, text);
  const settings = readPolicyFile(root);
  faults.throwIfAny();
  return settings;
}

function tellCycle({ cycle, at, configVersion, same, differing }: ReplayedCycle): string {
  const lines = differing
    .slice(0, SHOWN_PER_CYCLE_MAX)
    .map(({ task, recorded, replayed }) => `  ${task}  ${tellDecision(recorded)}  →  ${tellDecision(replayed)}`);
  const more = differing.length - lines.length;
  return [
    `cycle ${cycle}, ${at}, config ${configVersion}: ${same} same, ${differing.length} differ`,
    ...lines,
    ...(more > 0 ? [`  … and ${count(more)} more`] : []),
    '',
  ].join('\n');
}

function tellDecision(decision: RecordedDecision | undefined): string {
  if (decision === undefined) return 'not decided on';
  const { kind, worker, devices, reason, victims } = decision;
  if (kind === 'place') return `on ${worker}${devices === undefined ? '' : ` GPU ${devices.join(', ')}`} (${reason})`;
  return `waits (${reason})${victims === undefined ? '' : `, stopping ${victims.join(', ')}`}`;
}

function tellSums(sums: {
  readonly cycles: number;
  readonly decisions: number;
  readonly differing: number;
  readonly cyclesDiffering: number;
}): string {
  const { cycles, decisions, differing, cyclesDiffering } = sums;
  const more = cyclesDiffering - SHOWN_CYCLES_MAX;
  const hidden = more > 0 ? `… and ${count(more)} more cycles that differ\n` : '';
  return `${hidden}${count(cycles)} cycles: ${count(differing)} of ${count(decisions)} decisions differ, in ${count(cyclesDiffering)} cycles\n`;
}
