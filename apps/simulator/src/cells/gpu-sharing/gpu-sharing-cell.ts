import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { BenchmarkCell, BenchmarkRow, CellOptions, CellTable } from '../../bench/benchmark-cell.js';
import { UsageError } from '../../command-line/usage-error.js';
import { readSharingNodes, type SharingNode } from '../../traces/gpu-sharing-nodes.js';
import { podListName, readSharingPods } from '../../traces/gpu-sharing-pods.js';
import { bestFit } from './baselines/best-fit.js';
import { dotProduct } from './baselines/dot-product.js';
import { fgd } from './baselines/fgd.js';
import { packing } from './baselines/packing.js';
import { random } from './baselines/random.js';
import { meanOf } from './paired-difference.js';
import { gpuSharingTable, type ListFigures } from './gpu-sharing-table.js';
import { millraceSharing } from './millrace-sharing.js';
import { allocatedBySeed } from './sharing-figures.js';
import { sharingWorkload } from './sharing-workload.js';

const FOLDER = 'gpu-sharing-openb';
const NODES_FILE = 'openb_node_list_gpu_node.csv';
const POD_LISTS = /^openb_pod_list_.+\.csv$/;
const POLICIES = [random, dotProduct, packing, bestFit, fgd, millraceSharing];

/** Cell F (scheduling.md section 2): placement with sharing on Alibaba's GPU cluster, filled until nothing fits. */
export const gpuSharingCell: BenchmarkCell = { name: 'F', run };

async function* run({ dataFolder, pods, progress }: CellOptions): AsyncGenerator<BenchmarkRow, CellTable> {
  const folder = [path.join(dataFolder, FOLDER), dataFolder].find((one) => existsSync(path.join(one, NODES_FILE)));
  if (folder === undefined) throw new UsageError(`${dataFolder} holds no ${FOLDER}/${NODES_FILE}.`);
  const files = pods === undefined ? podListsIn(folder) : [pods];
  if (files.length === 0) throw new UsageError(`${folder} holds no openb_pod_list_*.csv: name a file with --pods.`);
  const nodes = readSharingNodes(path.join(folder, NODES_FILE));
  const lists: ListFigures[] = [];
  for (const file of files) {
    const list = figuresOf(nodes, file, progress);
    lists.push(list);
    yield* rowsOf(list);
  }
  return { markdown: gpuSharingTable(lists) };
}

function podListsIn(folder: string): readonly string[] {
  const names = readdirSync(folder).filter((name) => POD_LISTS.test(name));
  return names.sort().map((name) => path.join(folder, name));
}

function figuresOf(nodes: readonly SharingNode[], file: string, progress: (text: string) => void): ListFigures {
  const name = podListName(file);
  const workload = sharingWorkload(nodes, readSharingPods(file));
  const policies = POLICIES.map((policy) => {
    progress(`${name}: ${policy.name}`);
    return { policy: policy.name, allocatedPercent: allocatedBySeed(workload, policy) };
  });
  return { name, policies };
}

function* rowsOf({ name, policies }: ListFigures): Generator<BenchmarkRow> {
  for (const { policy, allocatedPercent } of policies) {
    yield { cell: 'F', case: name, policy, metric: 'allocatedPercent', value: meanOf(allocatedPercent), misses: 0 };
  }
}
