// Ways to break the rules of scheduling and capacity, each with the test that must fail then: `npm run mutants -- --rules`.
// As in mutant-list.mjs; `rules` holds ids of requirements, vectors and, where a rule has none, the section's name.

const SCHEDULING = 'libs/scheduling/src/policy';
const CAPACITY = 'libs/capacity/src/policy';

/** What is broken is one place in one file, and one unit spec must notice. */
function mutant(rules, name, [file, find, replace], spec, pattern) {
  return {
    name,
    rules,
    edits: [{ file, find, replace }],
    test: { project: 'unit', path: spec, ...(pattern === undefined ? {} : { pattern }) },
  };
}

const scheduling = (rules, name, [file, find, replace], spec, pattern) =>
  mutant(rules, name, [`${SCHEDULING}/${file}`, find, replace], `${SCHEDULING}/${spec}.spec.ts`, pattern);
const capacity = (rules, name, [file, find, replace], spec, pattern) =>
  mutant(rules, name, [`${CAPACITY}/${file}`, find, replace], `${CAPACITY}/${spec}.spec.ts`, pattern);

const HARD = 'filters/hard-filters';
const ORDER = 'ordering/service-order';
const SHARES = 'ordering/tenant-shares';
const QUOTAS = 'quotas/quotas';
const PREEMPTION = 'preemption/preemption';
const VICTIMS = 'preemption/choose-victims.ts';
const SUBMISSION = 'submission/check-submission';
const GANGS = 'gangs/gangs';
const GANG_PLACER = 'gangs/gang-placer.ts';
const PLACEMENT = 'placement/placement';
const PLANS = 'placement/class-plans.ts';
const ESTIMATE = 'prediction/queue-estimate';
const TOLD = 'prediction/told-estimates';
const HISTORY = 'prediction/gpu-seconds-history';
const ZONE_PLANNER = 'spot-zones/zone-planner';
const SPOT_PLANNER = 'spot/spot-planner';

const FILTERS = [
  scheduling(
    ['TYP-03'],
    'a task goes where its GPU memory does not suffice',
    ['filters/hard-filters.ts', "return bay.vramMiB < vramMiB ? 'vram' : null;", 'return null;'],
    HARD,
  ),
  scheduling(
    ['TYP-03'],
    'GPU memory must be more than is asked for',
    ['filters/hard-filters.ts', 'bay.vramMiB < vramMiB', 'bay.vramMiB <= vramMiB'],
    HARD,
  ),
  scheduling(
    ['TYP-23'],
    'CPU is not looked at',
    ['filters/hard-filters.ts', "if (cpuMilli > (worker.cpuMilli ?? Infinity)) return 'cpu';", ''],
    HARD,
  ),
  scheduling(
    ['TYP-23'],
    'memory is not looked at',
    ['filters/hard-filters.ts', "return ramMiB > (worker.ramMiB ?? Infinity) ? 'ram' : null;", 'return null;'],
    HARD,
  ),
  scheduling(
    ['TYP-24'],
    'a node that does not tell its driver passes a floor',
    [
      'filters/hard-filters.ts',
      '(version !== undefined && compareVersions',
      '(version === undefined || compareVersions',
    ],
    HARD,
  ),
  scheduling(
    ['TYP-24'],
    'versions are compared as text',
    [
      'filters/software-version.ts',
      'const apart = (left[at] ?? 0) - (right[at] ?? 0);',
      'const apart = Number(`${left[at] ?? 0}` > `${right[at] ?? 0}`) - Number(`${left[at] ?? 0}` < `${right[at] ?? 0}`);',
    ],
    HARD,
  ),
  scheduling(
    ['SCH-47'],
    'a taint keeps nobody out',
    ['filters/hard-filters.ts', 'return task.demands?.tolerations?.includes(taint) ?? false;', 'return true;'],
    HARD,
  ),
  scheduling(
    ['SCH-47'],
    'work without a GPU goes to GPU nodes',
    ['filters/hard-filters.ts', 'taint === GPU_TAINT && task.needs.gpus > 0', 'taint === GPU_TAINT'],
    HARD,
  ),
  scheduling(
    ['SCH-47'],
    'training and inference are mixed',
    ['filters/hard-filters.ts', 'worker.purpose === undefined || worker.purpose === demands?.purpose', 'true'],
    HARD,
  ),
  scheduling(
    ['SCH-42'],
    'training shares a GPU when it says so',
    ['filters/hard-filters.ts', "if (purpose === 'training') return 'whole';", ''],
    HARD,
  ),
  scheduling(
    ['SCH-48'],
    'online inference shares before its GPUs were idle',
    ['filters/hard-filters.ts', '>= SHARING_IDLE_PERCENT', '>= 0'],
    HARD,
  ),
  scheduling(
    ['SCH-44'],
    'a task that accepts no slice is given one',
    ['filters/hard-filters.ts', "(gpus !== 1 || gpuUseOn(task, worker) === 'whole')", 'gpus !== 1'],
    HARD,
  ),
  scheduling(
    ['SCH-44'],
    'several slices are one task',
    [
      'filters/hard-filters.ts',
      "(gpus !== 1 || gpuUseOn(task, worker) === 'whole')",
      "gpuUseOn(task, worker) === 'whole'",
    ],
    HARD,
  ),
  scheduling(
    ['SCH-50'],
    'a GPU that is out of service is used',
    ['placement/gpu-bays.ts', 'if (gpu.faulty === true) return [];', ''],
    HARD,
  ),
  scheduling(
    ['SCH-50'],
    'a GPU that fell off the bus may come back',
    ['filters/gpu-faults.ts', 'toSorted((a, b) => a.rank - b.rank)', 'toSorted((a, b) => b.rank - a.rank)'],
    'filters/gpu-faults',
  ),
  scheduling(
    ['SCH-50'],
    'a program that reads a wrong address takes its GPU out',
    ['filters/gpu-faults.ts', 'OF_PROGRAMS.has(xid) || ', ''],
    'filters/gpu-faults',
  ),
];

const SHARING = [
  scheduling(
    ['VEC-21', 'SCH-43'],
    'slices take more memory than a GPU has',
    ['mig/partition.ts', 'if (memory > MEMORY_SLICES) {', 'if (memory > 2 * MEMORY_SLICES) {'],
    'mig/partition',
  ),
  scheduling(
    ['VEC-21', 'SCH-43'],
    'slices take more compute than a GPU has',
    [
      'mig/partition.ts',
      'if (compute <= COMPUTE_SLICES) return null;',
      'if (compute <= 2 * COMPUTE_SLICES) return null;',
    ],
    'mig/partition',
  ),
  scheduling(
    ['VEC-21', 'SCH-43'],
    'slices overlap',
    ['mig/partition.ts', 'if ((taken & bits) !== 0) return false;', ''],
    'mig/partition',
  ),
  scheduling(
    ['SCH-49'],
    'memory of a shared GPU is given twice',
    ['placement/class-plans.ts', 'GPU_MILLI / SHARERS_LIMIT, ofMemory));', 'GPU_MILLI / SHARERS_LIMIT));'],
    PLACEMENT,
  ),
  scheduling(
    ['SCH-42'],
    'a shared GPU has any number of replicas',
    ['placement/class-plans.ts', 'GPU_MILLI / SHARERS_LIMIT, ofMemory', 'ofMemory'],
    PLACEMENT,
  ),
  scheduling(
    ['SCH-43'],
    'a slice that is busy is given again',
    ['placement/gpu-bays.ts', 'freeMilli: busy ? 0 : MILLI', 'freeMilli: MILLI'],
    PLACEMENT,
  ),
  scheduling(
    ['SCH-44'],
    'a task that a slice could serve takes a whole GPU',
    [PLANS, "if (bay.mode === 'whole') return weights.wholeForSliceMs;", ''],
    PLACEMENT,
  ),
];

const ORDERING = [
  scheduling(
    ['QUE-02'],
    'the lower class goes first',
    ['ordering/service-order.ts', 'b.priority - a.priority ||', 'a.priority - b.priority ||'],
    ORDER,
    'QUE-02',
  ),
  scheduling(
    ['order of service'],
    'the longest goes first',
    ['ordering/waiting-tasks.ts', 'Math.min(task.gpuSeconds, Number.MAX_VALUE);', '1e12 - task.gpuSeconds;'],
    ORDER,
  ),
  scheduling(
    ['order of service'],
    'of two tasks of one length the later goes first',
    [
      'ordering/waiting-tasks.ts',
      'const apart = (this.requestedAt[a] as number) - (this.requestedAt[b] as number);',
      'const apart = (this.requestedAt[b] as number) - (this.requestedAt[a] as number);',
    ],
    ORDER,
  ),
  scheduling(
    ['QUE-13'],
    'nobody grows old: the short ones go first for ever',
    ['ordering/fair-queue.ts', 'this.lanes.markOverdue(this.tasks.laneOf(one), one);', ''],
    ORDER,
    'QUE-13',
  ),
  scheduling(
    ['QUE-13'],
    'no task is lifted to the class above',
    ['ordering/service-order.ts', 'this.lift(this.ranked.at(-risen), now);', ';'],
    ORDER,
    'QUE-13',
  ),
  scheduling(
    ['SCH-39'],
    'tenants share by tasks, not by what those take',
    ['ordering/fair-queue.ts', '+ gpuSeconds / flow.weight;', '+ 1 / flow.weight;'],
    SHARES,
  ),
  scheduling(
    ['SCH-39'],
    'weights of tenants do not count',
    ['ordering/fair-queue.ts', '+ gpuSeconds / flow.weight;', '+ gpuSeconds;'],
    SHARES,
  ),
  scheduling(
    ['SCH-39'],
    'a tenant has credit for the time it was away',
    ['ordering/fair-queue.ts', 'Math.max(this.tagOf(flow), this.virtual);\n    }', 'this.tagOf(flow);\n    }'],
    SHARES,
  ),
  scheduling(
    ['SCH-39'],
    'tenants within the slack take turns all the same',
    [
      'ordering/fair-queue.ts',
      '(this.table.tag[floor] as number) + this.terms.slackGpuSeconds',
      'this.table.tag[floor] as number',
    ],
    SHARES,
  ),
  scheduling(
    ['SCH-45'],
    'the load of a model does not count in the order',
    ['ordering/service-order.ts', '(setup?.(shape) ?? 0) * setupFactor', '0'],
    ORDER,
    'SCH-45',
  ),
  scheduling(
    ['QUE-10'],
    'a task that pauses after a failure loses its turn',
    ['ordering/service-order.ts', 'this.put(task, queue, true, isNoted);', 'this.put(task, queue, false, isNoted);'],
    SHARES,
  ),
];

const TIES = [
  scheduling(
    ['order of service'],
    'of two tasks of one length and time the higher id goes first',
    [
      'ordering/waiting-tasks.ts',
      'compareIds(this.of(a).id, this.of(b).id) < 0',
      'compareIds(this.of(a).id, this.of(b).id) > 0',
    ],
    ORDER,
  ),
  scheduling(
    ['order of service'],
    'the same snapshot in another order gives other decisions',
    [
      'placement/placement-board.ts',
      'const sorted = workers.toSorted(byWorkerId);',
      'const sorted = workers.toSorted(() => 0);',
    ],
    'rich-world.property',
  ),
];

const REASONS = [
  scheduling(
    ['waiting reasons'],
    'that no worker can take it is called a busy pool',
    ['cycle/wait-reasons.ts', "condition ?? 'no_fitting_worker'", "condition ?? 'pool_busy'"],
    PLACEMENT,
    'why a task waits',
  ),
  scheduling(
    ['waiting reasons'],
    'that capacity is held for an older one is called a busy pool',
    ['cycle/wait-reasons.ts', "return 'held_for_older';", "return 'pool_busy';"],
    GANGS,
  ),
  scheduling(
    ['waiting reasons'],
    'the state of the pool is not told',
    ['cycle/wait-reasons.ts', 'if (condition !== null) return condition;', ''],
    PLACEMENT,
    'why a task waits',
  ),
  scheduling(
    ['waiting reasons'],
    'that the model is loaded is not told',
    [PLANS, "return 'warm_model';", "return 'same_type';"],
    PLACEMENT,
  ),
  scheduling(
    ['waiting reasons'],
    'the evidence counts refusals of the wrong filter',
    [
      PLANS,
      'refusals[code] = (refusals[code] ?? 0) + kind.count;',
      'refusals.vram = (refusals.vram ?? 0) + kind.count;',
    ],
    PLACEMENT,
    'why a task waits',
  ),
];

const QUOTA = [
  scheduling(
    ['SCH-39', 'VEC-25'],
    'a quota of GPUs bounds nothing',
    ['quotas/quota-book.ts', 'charge.gpuMilli <= (this.left[at] ?? 0) &&', ''],
    QUOTAS,
  ),
  scheduling(
    ['SCH-39', 'VEC-25'],
    'a quota of memory bounds nothing',
    ['quotas/quota-book.ts', 'charge.ramMiB <= (this.left[at + 2] ?? 0);', 'true;'],
    QUOTAS,
  ),
  scheduling(
    ['SCH-39'],
    'tasks at once are refused without their own reason',
    ['quotas/quota-book.ts', "return 'tenant_concurrency';", "return 'tenant_quota';"],
    QUOTAS,
  ),
  scheduling(
    ['SCH-39'],
    'the quota of a namespace bounds nothing',
    ['cycle/decision-cycle.ts', 'this.quotas.take(asked.namespaceAccount, asked.charge);', ''],
    QUOTAS,
  ),
  scheduling(
    ['SCH-39'],
    'smaller work passes what waits for its quota for ever',
    ['quotas/quota-book.ts', 'if (account >= 0) this.closed[account] = 1;', ''],
    QUOTAS,
  ),
  scheduling(
    ['SCH-39'],
    'an account is kept for what the whole quota could not hold',
    ['cycle/decision-cycle.ts', ' && quotas.everFits(account, asked.charge)', ''],
    QUOTAS,
  ),
  scheduling(
    ['SCH-39'],
    'a part of a GPU counts as a whole one',
    ['quotas/quota-book.ts', '(demands?.gpuMilli ?? MILLI)', 'MILLI'],
    QUOTAS,
  ),
];

const GANG = [
  scheduling(
    ['SCH-40'],
    'what was taken for a gang that does not fit stays taken',
    [GANG_PLACER, 'this.board.release(node, this.gpuMasks[at] ?? 0, tier);', ''],
    GANGS,
  ),
  scheduling(
    ['SCH-40'],
    'a gang starts before all its members are there',
    [
      'decide.ts',
      'return members.length >= Math.max(...members.map(({ gang }) => gang?.size ?? 1));',
      'return members.length > 0;',
    ],
    GANGS,
  ),
  scheduling(
    ['SCH-41'],
    'the widest level is tried first',
    [GANG_PLACER, 'const name = GANG_LEVELS[level];', 'const name = GANG_LEVELS[widest - level];'],
    GANGS,
  ),
  scheduling(
    ['SCH-41'],
    'a gang on one node is in any NVLink group',
    [GANG_PLACER, 'const group = nvlink ? this.groupMask(node, first, plans.length) : 0;', 'const group = 0;'],
    GANGS,
  ),
  scheduling(
    ['SCH-40'],
    'a gang is cut in two by the limit of a cycle',
    [
      'cycle/decision-cycle.ts',
      'if (seats.count > 0 && seats.count + asked.members.length > limit) {',
      'if (seats.count >= limit) {',
    ],
    GANGS,
  ),
  scheduling(
    ['SCH-40'],
    'nothing is held for a gang that has waited too long',
    ['cycle/decision-cycle.ts', "holdForOlder(this.board, item.plans, item.within ?? 'node');", ''],
    GANGS,
  ),
  scheduling(
    ['SCH-40'],
    'any number of nodes is held in a cycle',
    ['cycle/decision-cycle.ts', ' && this.holds < (this.policy.maxHolds ?? HOLDS_LIMIT)', ''],
    GANGS,
  ),
  scheduling(
    ['SCH-40'],
    'the machine that is empty last is held',
    [
      'placement/hold-for-older.ts',
      '(drainedAt[workerA] ?? 0) - (drainedAt[workerB] ?? 0) ||',
      '(drainedAt[workerB] ?? 0) - (drainedAt[workerA] ?? 0) ||',
    ],
    GANGS,
  ),
];

const PLACES = [
  scheduling(
    ['affinity'],
    'a loaded model does not count',
    [PLANS, 'weights.coldModelMs * gpus * changesFor(task.model, kind.models)', '0'],
    PLACEMENT,
  ),
  scheduling(
    ['SCH-45'],
    'the type that ran there before does not count',
    [PLANS, 'weights.typeSwitchMs * gpus * changesFor(task.taskType, kind.taskTypes)', '0'],
    PLACEMENT,
  ),
  scheduling(
    ['SCH-46'],
    'a wish does not count',
    [PLANS, '.reduce((sum, { weight }) => sum + weight, 0) * weights.preferencePointMs', '.length * 0'],
    PLACEMENT,
  ),
  scheduling(
    ['SCH-41'],
    'GPUs of one task come from any NVLink groups',
    ['placement/placement-board.ts', 'if (mask !== 0) seat.gpuMask = mask;', ''],
    PLACEMENT,
  ),
  scheduling(
    ['fragmentation'],
    'fragmentation does not count',
    ['placement/mix-potential.ts', 'classes.length === 0 ? null', 'classes.length >= 0 ? null'],
    PLACEMENT,
  ),
  scheduling(
    ['fragmentation'],
    'the CPU that a node will lack does not count',
    [
      'fragmentation/expected-use.ts',
      'return -(filled + fed * freeMilli + inSets) / VIEWS;',
      'return -(filled + inSets) / VIEWS;',
    ],
    'fragmentation/expected-use',
  ),
  scheduling(
    ['fragmentation'],
    'classes of several GPUs do not count',
    [
      'fragmentation/expected-use.ts',
      'return -(filled + fed * freeMilli + inSets) / VIEWS;',
      'return -(filled + fed * freeMilli) / VIEWS;',
    ],
    'fragmentation/expected-use',
  ),
];

const PREEMPTING = [
  scheduling(
    ['QUE-11'],
    'the same class is stopped',
    [VICTIMS, 'running.priority < priority &&', 'running.priority <= priority &&'],
    PREEMPTION,
  ),
  scheduling(['QUE-11'], 'what may not be stopped is', [VICTIMS, 'running.preemptible &&', ''], PREEMPTION),
  scheduling(
    ['QUE-11'],
    'a task is stopped again and again',
    [VICTIMS, 'running.preemptions < policy.maxPreemptionsPerTask', 'true'],
    PREEMPTION,
  ),
  scheduling(
    ['QUE-11'],
    'a task is stopped before it has come anywhere',
    [VICTIMS, 'now - running.startedAt >= policy.minRunMs &&', ''],
    PREEMPTION,
  ),
  scheduling(
    ['QUE-11'],
    'what loses the most is stopped',
    [VICTIMS, 'lostOf(a) - lostOf(b) ||', 'lostOf(b) - lostOf(a) ||'],
    PREEMPTION,
  ),
  scheduling(['QUE-11'], 'a cycle stops any number', [VICTIMS, ' || victims.length > budget', ''], PREEMPTION),
  scheduling(
    ['QUE-11'],
    'more stop for a task while enough are stopping already',
    [VICTIMS, "if (stopping.length > 0 && hasRoom(task, soon)) return { kind: 'stopping', worker };", ''],
    PREEMPTION,
  ),
  scheduling(
    ['QUE-11'],
    'one stops that is not needed in the end',
    [
      VICTIMS,
      'return without.length > 0 && hasRoom(task, withoutTasks(worker, without)) ? without : kept;',
      'return kept;',
    ],
    PREEMPTION,
  ),
  scheduling(
    ['QUE-11'],
    'somebody is stopped at once',
    [VICTIMS, "if (now - task.requestedAt < policy.minWaitMs) return { kind: 'none' };", ''],
    PREEMPTION,
  ),
];

const SUBMITTING = [
  scheduling(
    ['TYP-03', 'submission'],
    'a shape that no machine has is taken',
    ['submission/check-submission.ts', 'if (fitting.length === 0) return refuseTask(task, cluster);', ''],
    SUBMISSION,
  ),
  scheduling(
    ['SCH-40', 'submission'],
    'a gang larger than the cluster is taken',
    [
      'submission/check-submission.ts',
      "if (size <= most) return { kind: 'fits' };",
      "if (size > 0) return { kind: 'fits' };",
    ],
    SUBMISSION,
  ),
  scheduling(
    ['SCH-41', 'submission'],
    'a gang is held to fit across zones',
    ['submission/check-submission.ts', ': `${machine.zone}`;', ": '';"],
    SUBMISSION,
  ),
  scheduling(
    ['SCH-44', 'submission'],
    'the refusal of a large memory does not say what would fit',
    ['submission/check-submission.ts', 'return { vramMiB: largest(', 'return { ramMiB: largest('],
    SUBMISSION,
  ),
  scheduling(
    ['TYP-23', 'submission'],
    'a machine takes more members than its CPU serves',
    [
      'submission/check-submission.ts',
      'Math.min(machine.slots, byGpus, byCpu, byRam)',
      'Math.min(machine.slots, byGpus, byRam)',
    ],
    SUBMISSION,
  ),
];

const PREDICTION = [
  scheduling(
    ['prediction'],
    'one run is believed as much as two hundred',
    ['prediction/gpu-seconds-history.ts', 'window.size / (window.size + FEW_RUNS)', '1'],
    HISTORY,
  ),
  scheduling(
    ['prediction'],
    'a thin sample is called history',
    ['prediction/gpu-seconds-history.ts', 'if (window.size >= FEW_RUNS) samples', 'if (window.size > 0) samples'],
    HISTORY,
  ),
  scheduling(
    ['prediction'],
    'p90 is the median',
    ['prediction/gpu-seconds-history.ts', 'window.quantile(0.9)', 'window.quantile(0.5)'],
    HISTORY,
  ),
  scheduling(
    ['prediction'],
    'a coarse key does not know of steps',
    ['prediction/gpu-seconds-history.ts', 'window.add(gpuSeconds / scale);', 'window.add(gpuSeconds);'],
    HISTORY,
  ),
  scheduling(
    ['prediction'],
    'runs are remembered for ever',
    [
      'prediction/run-window.ts',
      'if (leaving !== undefined) this.sorted.splice(firstNotBelow(this.sorted, leaving), 1);',
      '',
    ],
    'prediction/run-window',
  ),
  scheduling(
    ['estimates'],
    'an estimate counts what waits behind',
    ['prediction/queue-estimate.ts', 'ahead += own.p50GpuSeconds;', 'ahead += 2 * own.p50GpuSeconds;'],
    ESTIMATE,
  ),
  scheduling(
    ['estimates'],
    'estimates learn nothing of how far off they were',
    ['prediction/queue-estimate.ts', 'this.ratios.add(tookSeconds / estimatedSeconds)', 'this.ratios.add(1)'],
    ESTIMATE,
  ),
  scheduling(
    ['estimates'],
    'the range does not follow what came late',
    ['prediction/queue-estimate.ts', 'const WIDTH_STEP = 0.05;', 'const WIDTH_STEP = 0;'],
    TOLD,
  ),
  scheduling(
    ['estimates'],
    'one in two may be late',
    ['prediction/queue-estimate.ts', 'const LATE_SHARE = 0.1;', 'const LATE_SHARE = 0.5;'],
    TOLD,
  ),
  scheduling(
    ['estimates'],
    'the range grows without bound',
    ['prediction/queue-estimate.ts', 'Math.min(LOG_WIDTH_MAX, Math.max(LOG_WIDTH_MIN, moved))', 'moved'],
    ESTIMATE,
  ),
  scheduling(
    ['QUE-13', 'estimates'],
    'an estimate does not know of the cap on age',
    ['prediction/queue-estimate.ts', 'Math.min(range, oldRange)', 'range'],
    ESTIMATE,
  ),
  scheduling(
    ['QUE-13', 'estimates'],
    'the range of a task that is old is nothing, however late others were',
    ['prediction/queue-estimate.ts', 'Math.max(spread, RANGE_SHARE_MIN * p50Seconds)', '0'],
    ESTIMATE,
  ),
  scheduling(
    ['estimates'],
    'a task that is late is late when it has ended',
    ['prediction/told-estimates.ts', 'told.late = true;\n      this.record.verdict(true);', ''],
    TOLD,
  ),
  scheduling(
    ['estimates'],
    'estimates are kept without bound',
    ['prediction/told-estimates.ts', 'this.open.size >= TOLD_MAX || ', ''],
    TOLD,
  ),
  mutant(
    ['estimates'],
    'the service learns of late tasks when they have ended',
    ['libs/scheduling/src/engine/service-record.ts', 'this.estimates.overdue(now / MS);', ''],
    'libs/scheduling/src/engine/service-record.spec.ts',
  ),
  mutant(
    ['estimates'],
    'the service goes on waiting for the estimate of a task that failed',
    ['libs/scheduling/src/engine/service-record.ts', 'else if (isTerminal(task)) this.estimates.forget(task.id);', ''],
    'libs/scheduling/src/engine/service-record.spec.ts',
  ),
  mutant(
    ['SCH-39'],
    'the service charges a tenant by what was foretold',
    ['libs/scheduling/src/engine/service-record.ts', 'this.fairShares = settled(', 'settled('],
    'libs/scheduling/src/engine/service-record.spec.ts',
  ),
];

const FAULTY = 'libs/scheduling/src/engine/faulty-gpus.spec.ts';
const EVICTION = 'libs/scheduling/src/engine/evict-from-faulty.ts';

const WORKERS = [
  mutant(
    ['SCH-50'],
    'a driver that answers nothing ends what runs',
    [EVICTION, "?.filter(({ code }) => code !== 'driver_unanswered')", ''],
    FAULTY,
  ),
  mutant(
    ['SCH-50'],
    'a permanent fault passes',
    ['libs/scheduling/src/engine/worker-news.ts', '(permanent || unfit.get(gpu) === code)', 'unfit.get(gpu) === code'],
    FAULTY,
  ),
  mutant(
    ['SCH-50'],
    'where slots alone are told nothing is evicted',
    [EVICTION, 'if (worker.traits.devices === undefined) return true;', ''],
    FAULTY,
  ),
  mutant(
    ['SCH-50'],
    "the first GPU's fault counts against its task",
    [EVICTION, 'counted: isCounted(tasks.get(lease.taskId))', 'counted: true'],
    FAULTY,
  ),
  mutant(
    ['SCH-50', 'QUE-07'],
    'a task that breaks GPUs goes on for ever',
    [EVICTION, 'counted: isCounted(tasks.get(lease.taskId))', 'counted: false'],
    FAULTY,
  ),
  mutant(
    ['SCH-43'],
    'what a driver lists is checked against a table',
    ['libs/scheduling/src/engine/worker-news.ts', ' || gpu.listed === true', ''],
    'libs/scheduling/src/engine/registered-machines.spec.ts',
  ),
  mutant(
    ['SCH-42'],
    'a task that does not share is granted a place of a shared GPU',
    [
      'libs/scheduling/src/engine/worker-view.ts',
      "return gpu?.mode === 'shared' ? milliOf(demands)",
      "return gpu?.mode === 'shared' ? 250",
    ],
    'libs/scheduling/src/engine/granted-shares.spec.ts',
  ),
  mutant(
    ['SCH-42'],
    'more of a GPU is billed than there is',
    ['libs/execution/src/engine/granted-meter.ts', 'Math.min(lane.grantPpm, freePpm)', 'lane.grantPpm'],
    'libs/execution/src/engine/granted-meter.spec.ts',
  ),
  mutant(
    ['SCH-48'],
    'two tasks on one GPU occupy it twice',
    ['libs/execution/src/engine/gpu-meter.ts', 'if (!this.busySinceMs.has(gpu)) ', ''],
    'libs/execution/src/engine/gpu-meter.spec.ts',
  ),
];

const SPOT = [
  capacity(
    ['SCH-31'],
    'the deadline guard lets everything pass',
    [
      'spot/deadline-guard.ts',
      'if (keepsDeadline(job, stand, choice)) return choice;',
      'if (job.deadlineTicks > 0) return choice;',
    ],
    'spot/deadline-guard',
  ),
  capacity(
    ['SCH-31'],
    'the guard counts no changeover',
    [
      'spot/deadline-guard.ts',
      "choice === 'onDemand' ? next.pendingSeconds : job.changeoverSeconds",
      "choice === 'onDemand' ? next.pendingSeconds : 0",
    ],
    'spot/deadline-guard',
  ),
  capacity(
    ['SCH-31'],
    'the guard is a tick late',
    ['spot/deadline-guard.ts', 'job.deadlineTicks - stand.tick - 1;', 'job.deadlineTicks - stand.tick;'],
    'spot/deadline-guard',
  ),
  capacity(
    ['SCH-31'],
    'the guard over zones lets everything pass',
    [
      'spot-zones/zone-planner.ts',
      'const choice = guardedZone(this.job, view, this.wanted(view));',
      'const choice = this.wanted(view);',
    ],
    ZONE_PLANNER,
  ),
  capacity(
    ['spot'],
    'the programme never waits',
    [
      'spot/spot-programme.ts',
      'let least = idle.usd + (idle.row < 0 ? 0 : expected[idle.row + state]!);',
      'let least = Infinity;',
    ],
    'spot/spot-programme',
  ),
  capacity(
    ['spot'],
    'a miss costs nothing in the programme',
    ['spot/spot-programme.ts', 'return { usd: usd + MISS_USD, row: -1 };', 'return { usd, row: -1 };'],
    'spot/spot-programme',
  ),
  capacity(
    ['spot'],
    'Spot is taken where there is none',
    ['spot/spot-programme.ts', 'const bySpot = on[state] === 1 ?', 'const bySpot = on[state] !== 2 ?'],
    'spot/spot-programme',
  ),
  capacity(
    ['spot'],
    'the age of a run is one bin off',
    ['spot/run-age.ts', '(bins[bin + 1] ?? Infinity) <= ticks', '(bins[bin + 1] ?? Infinity) < ticks'],
    'spot/run-age',
  ),
  capacity(
    ['spot'],
    'a run goes on when its capacity has gone',
    ['spot/run-age.ts', 'if (run.on === on) return', 'if (run.on || run.on === on) return'],
    'spot/run-age',
  ),
  capacity(
    ['spot'],
    'a zone is believed after one tick',
    ['spot/run-age.ts', 'const weight = poolTotal > 0 ? poolWeight / poolTotal : 0;', 'const weight = 0;'],
    'spot/run-age',
  ),
  capacity(
    ['spot'],
    'Spot that is taken is called kept',
    ['spot/spot-planner.ts', "return view.mode === 'spot' ? 'keepSpot' : 'takeSpot';", "return 'keepSpot';"],
    SPOT_PLANNER,
  ),
  capacity(
    ['spot'],
    'the last moment is not called one',
    ['spot/spot-planner.ts', "if (guardedSpot(job, view, other) === 'onDemand') return 'deadline';", ''],
    SPOT_PLANNER,
  ),
  capacity(
    ['spot'],
    'a move between zones is called taking',
    [`spot-zones/zone-planner.ts`, "typeof view.mode === 'number' ? 'moveSpot' : 'takeSpot'", "'takeSpot'"],
    ZONE_PLANNER,
  ),
  capacity(
    ['spot'],
    'a price that has moved is not planned with',
    ['spot-zones/zone-planner.ts', ' && !this.pricesMoved(plan, view.offers)', ''],
    ZONE_PLANNER,
  ),
  capacity(
    ['spot'],
    'a move between zones costs no changeover',
    [
      'spot-zones/zone-programme.ts',
      'const pending = stand.running === mode ? stand.pendingTicks : this.problem.changeoverTicks;',
      'const pending = stand.running >= FIRST_ZONE ? stand.pendingTicks : this.problem.changeoverTicks;',
    ],
    'spot-zones/zone-programme',
  ),
];

export const RULE_MUTANTS = [
  ...FILTERS,
  ...SHARING,
  ...ORDERING,
  ...TIES,
  ...REASONS,
  ...QUOTA,
  ...GANG,
  ...PLACES,
  ...PREEMPTING,
  ...SUBMITTING,
  ...PREDICTION,
  ...WORKERS,
  ...SPOT,
];
