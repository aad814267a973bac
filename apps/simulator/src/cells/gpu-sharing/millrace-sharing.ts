import { ArrivalMix, ExpectedUse, PlacementScorer, type TaskClass } from '@millrace/scheduling/policy';
import type { SharingPolicy } from './sharing-simulation.js';

/** The production policy. It knows nothing of the pod list: what to expect it learns from the tasks that arrived. */
export const millraceSharing: SharingPolicy = {
  name: 'millrace',
  start: (workload, capacity) => {
    const mix = new ArrivalMix<TaskClass>();
    const potential = new ExpectedUse([], workload.kinds);
    const scorer = new PlacementScorer(capacity, potential);
    return {
      choose: (index) => {
        const task = workload.classes[index];
        if (task === undefined) return null;
        if (mix.observe(task)) potential.expect(mix.expected());
        return scorer.choose(task);
      },
    };
  },
};
