// Compares the library with conformance vectors: npm run vectors -- <folder>… [--group layers] [--class Dense]
// How a case is run is in test/vectors/run; this is only the command.
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { labelOf, openFolder } from '../test/vectors/folder.js';
import { runOrders, type Order } from '../test/vectors/pool.js';
import { count, failures, skipReasons, summary, table, type Result } from '../test/vectors/report.js';

const usage = `npm run vectors -- <folder>… [options]
  --device cpu      the device to run on
  --group layers    only this group
  --class Dense     only this class, op or function (may be repeated)
  --id text         only cases whose id contains the text
  --fail 20         print the first failures with their reasons (default 20)
  --verbose         print all failures
  --json out.json   write all outcomes
  --jobs 2          processes
  --timeout 60      seconds that a case may take`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    device: { type: 'string', default: 'cpu' },
    group: { type: 'string' },
    class: { type: 'string', multiple: true },
    id: { type: 'string' },
    fail: { type: 'string', default: '20' },
    verbose: { type: 'boolean', default: false },
    json: { type: 'string' },
    jobs: { type: 'string', default: String(Math.min(4, availableParallelism())) },
    timeout: { type: 'string', default: '60' },
  },
});
if (positionals.length === 0) {
  console.error(usage);
  process.exit(2);
}

/** Small orders spread slow classes over the processes. */
const orderSize = 50;
const orders: Order[] = [];
const results = new Map<string, Result>();
const names = new Map<string, Omit<Result, 'status'>>();
const keyOf = (folder: string, group: string, index: number): string => `${folder} ${group} ${index}`;

for (const folder of positionals) {
  for (const group of openFolder(folder, values.group)) {
    const chosen = group.cases.flatMap((item, index) => {
      const label = labelOf(item);
      if (values.class && !values.class.includes(label)) return [];
      if (values.id && !item.id.includes(values.id)) return [];
      names.set(keyOf(folder, group.name, index), { group: group.name, label, id: item.id });
      return [index];
    });
    for (let start = 0; start < chosen.length; start += orderSize) {
      orders.push({ folder, group: group.name, indices: chosen.slice(start, start + orderSize) });
    }
  }
}

const jobs = Math.max(1, Number(values.jobs));
const threads = Math.max(1, Math.floor(availableParallelism() / jobs));
const env = { HORNET_DEVICE: values.device, HORNET_NUM_THREADS: String(threads), OMP_WAIT_POLICY: 'passive' };
await runOrders(orders, { jobs, timeout: Number(values.timeout), env }, ({ folder, group }, index, outcome) => {
  const key = keyOf(folder, group, index);
  results.set(key, { ...names.get(key)!, ...outcome });
});

const all = [...names.keys()].map((key) => results.get(key)!);
console.log(table(all));
const limit = values.verbose ? Infinity : Number(values.fail);
const failed = failures(all, limit);
if (failed && limit > 0) console.log(`\nfailures${values.verbose ? '' : ` (the first ${limit})`}:\n${failed}`);
const skipped = skipReasons(all);
if (skipped) console.log(`\n${skipped}`);
if (values.json) writeFileSync(values.json, JSON.stringify(all, null, 1));
console.log(`\n${summary(all)}`);
process.exitCode = count(all).failed > 0 ? 1 : 0;
