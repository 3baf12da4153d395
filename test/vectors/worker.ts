// A process that runs cases for the pool. When a case takes it down, the pool starts another.
import process from 'node:process';
import { openFolder, type Group } from './folder.js';
import { runCase } from './run/index.js';
import type { Order, Report } from './pool.js';

const opened = new Map<string, Group>();

function groupOf({ folder, group: name }: Order): Group {
  const key = `${folder} ${name}`;
  let group = opened.get(key);
  if (!group) opened.set(key, (group = openFolder(folder, name).find((each) => each.name === name)!));
  return group;
}

async function run(order: Order): Promise<void> {
  const group = groupOf(order);
  for (const index of order.indices) {
    const outcome = await runCase(group, group.cases[index]);
    process.send!({ index, outcome } satisfies Report);
  }
  process.send!({ index: -1 } satisfies Report);
}

process.on('message', (order: Order) => void run(order));
// A promise that nobody waits for must not end the process.
process.on('unhandledRejection', () => undefined);
process.send!({ index: -1 } satisfies Report);
