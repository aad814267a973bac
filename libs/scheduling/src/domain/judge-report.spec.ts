import { describe, expect, it } from '@jest/globals';
import { aHolder, aReport, aTask, idOf } from '../testing/builders.js';
import { judgeReport } from './judge-report.js';
import { transition } from './transition.js';

const incarnation = idOf(0xa1);
const leased = transition(aTask(), { kind: 'leased', holder: aHolder({ incarnation }), reason: '' }, 0).next;
const running = transition(leased, { kind: 'started', report: aReport({ number: 1 }) }, 0).next;
const lost = transition(running, { kind: 'lost', closedAtMs: 0, counted: true }, 0).next;
const again = transition(lost, { kind: 'leased', holder: aHolder({ incarnation: idOf(0xa2) }), reason: '' }, 0).next;

describe('judgeReport', () => {
  it.each([
    ['of the live lease', running, { epoch: 1, incarnation, number: 2 }, 'accepted'],
    ['that was applied before', running, { epoch: 1, incarnation, number: 1 }, 'duplicate'],
    ['of a lease that expired', lost, { epoch: 1, incarnation, number: 2 }, 'refused'],
    ['of a zombie, while another runs the task', again, { epoch: 1, incarnation, number: 2 }, 'refused'],
    ['with the epoch of another incarnation', again, { epoch: 2, incarnation, number: 1 }, 'refused'],
    ['of an epoch that was never given', running, { epoch: 7, incarnation, number: 1 }, 'refused'],
    ['of a task nobody knows', undefined, { epoch: 1, incarnation, number: 1 }, 'refused'],
  ] as const)('P7: a report %s', (_, task, report, verdict) => {
    expect(judgeReport(task, report)).toBe(verdict);
  });
});
