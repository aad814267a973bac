export interface GroupMemberFacts {
  readonly id: string;
  readonly topics: readonly string[];
}

export interface PartitionFacts {
  readonly id: number;
  readonly topic: string;
  readonly number: number;
}

/**
 * Deals the partitions of each topic out to the members that read it, in ranges: with members in order of joining,
 * each gets a run of neighbouring partitions, the first ones one more where it doesn't divide.
 * Returns the member per partition id; a partition that nobody reads is left out.
 */
export function assignRanges(
  members: readonly GroupMemberFacts[],
  partitions: readonly PartitionFacts[],
): ReadonlyMap<number, string> {
  const targets = new Map<number, string>();
  for (const topic of new Set(partitions.map((partition) => partition.topic))) {
    const readers = members.filter(({ topics }) => topics.includes(topic));
    const ofTopic = partitions.filter((partition) => partition.topic === topic).sort((a, b) => a.number - b.number);
    ofTopic.forEach((partition, index) => {
      const reader = readers[Math.floor((index * readers.length) / ofTopic.length)];
      if (reader !== undefined) targets.set(partition.id, reader.id);
    });
  }
  return targets;
}
