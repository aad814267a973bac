import type { History } from '../history.js';
import { expectThat, type Violation } from '../violation.js';

/** P3: effects = events. No consumer applies an event twice. Says nothing where applications were not watched. */
export function checkApplications({ applications = [] }: History): readonly Violation[] {
  const counts = Map.groupBy(applications, ({ consumer, eventId }) => `${consumer}/${eventId}`);
  return [...counts].flatMap(([subject, all]) =>
    expectThat(all.length === 1, 'applied once', subject, `applied ${all.length} times`),
  );
}
