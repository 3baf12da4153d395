// The benchmark tables: runs Hornet and its rivals side by side and writes bench/results. Options: see README.md.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Contender } from './contender.mjs';
import { commitOf, gpuOf, machine as describe, nameOf, today } from './machine.mjs';
import { markdown } from './table.mjs';

const folder = dirname(fileURLToPath(import.meta.url));
const workloads = JSON.parse(readFileSync(join(folder, 'workloads.json'), 'utf8'));
const everybody =
  'hornet,hornet@50,keras-jax,keras-jax@50,keras-tensorflow,keras-tensorflow@50,keras-torch,torch,torch-compiled,jax,jax@50';

const { values: options } = parseArgs({
  options: {
    python: { type: 'string', default: process.env.PYTHON ?? 'python3' },
    device: { type: 'string', default: 'cpu' },
    workloads: { type: 'string' },
    contenders: { type: 'string' },
    repetitions: { type: 'string', default: '5' },
    threads: { type: 'string' },
    out: { type: 'string', default: join(folder, 'results') },
  },
});
const isGpu = options.device !== 'cpu';
const threads = Number(options.threads ?? (isGpu ? availableParallelism() : 2));
const chosen =
  options.workloads?.split(',') ?? Object.keys(workloads).filter((name) => (workloads[name].gpu ?? false) === isGpu);
const unknown = chosen.find((name) => !workloads[name]);
if (unknown) throw new Error(`there is no workload ${unknown}; there are ${Object.keys(workloads).join(', ')}`);

const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];

/** The largest distance of two lists of losses; of numbers near zero in relation to the largest. */
const distance = (a, b) => {
  const least = 1e-3 * Math.max(...b.map(Math.abs));
  return Math.max(...a.map((value, i) => Math.abs(value - b[i]) / Math.max(Math.abs(b[i]), least)));
};

/** A contender that fails is told and left out; the others go on. */
async function attempt(row, action) {
  if (row.error) return;
  try {
    await action();
  } catch (error) {
    row.error = error.message.slice(0, 2000);
    process.stderr.write(`${row.workload} ${row.contender} failed: ${row.error.split('\n').slice(-3).join(' ')}\n`);
  }
}

/** Starts the contenders of a workload and lets them compile: one by one, or side by side. */
async function start(workload, sideBySide) {
  const { skip = [], contenders, env } = workloads[workload];
  const names = (options.contenders ?? contenders?.join() ?? everybody).split(',');
  const wanted = names.filter((name) => !skip.includes(name) && (!contenders || contenders.includes(name)));
  const entries = wanted.map((name) => ({
    contender: new Contender(name, workload, { ...options, threads, env }),
    row: { workload, contender: name, steps: [], cpus: [], predicts: {} },
  }));
  const compile = ({ contender, row }) =>
    attempt(row, async () => {
      row.compileMs = (await contender.ask('compile')).compileMs;
      row.losses = (await contender.ask('losses')).losses;
    });
  if (sideBySide) await Promise.all(entries.map(compile));
  else for (const entry of entries) await compile(entry);
  return entries;
}

/** What a workload's contenders are asked for: steps, and predictions in batches of which sizes. */
function questions({ predict, operation, network }) {
  if (predict) return { fits: false, sizes: predict };
  return { fits: true, sizes: operation || network ? [] : [''] };
}

/** Measures one at a time, in turns, each round beginning with another contender. */
async function measure(workload, entries, versions) {
  const { fits, sizes } = questions(workloads[workload]);
  for (let round = 0; round < Number(options.repetitions); round++) {
    for (let i = 0; i < entries.length; i++) {
      const { contender, row } = entries[(i + round) % entries.length];
      await attempt(row, async () => {
        if (fits) {
          const { stepMs, cpuMs } = await contender.ask('fit');
          row.steps.push(stepMs);
          if (cpuMs !== undefined) row.cpus.push(cpuMs);
        }
        for (const size of sizes) {
          const { predictMs } = await contender.ask(`predict ${size}`.trim());
          (row.predicts[size] ??= []).push(predictMs);
        }
      });
    }
    process.stderr.write(`${workload} round ${round + 1}: ${entries.map(({ row }) => progress(row)).join(', ')}\n`);
  }
  const first = entries[0]?.row.losses;
  for (const { contender, row } of entries) {
    await attempt(row, async () => {
      const { peakMB, deviceMB, versions: own } = await contender.ask('end');
      Object.assign(versions, own);
      row.peakMB = peakMB;
      row.deviceMB = deviceMB ?? undefined;
      row.stepMs = row.steps.length > 0 ? median(row.steps) : undefined;
      row.cpuMs = row.cpus.length > 0 ? median(row.cpus) : undefined;
      const medians = Object.entries(row.predicts).map(([size, times]) => [size, median(times)]);
      if (medians.length > 0) row.predictMs = '' in row.predicts ? medians[0][1] : Object.fromEntries(medians);
      row.lossDistance = first && distance(row.losses, first);
    });
    contender.close();
  }
  return entries.map(({ row }) => row);
}

const progress = ({ contender, steps, cpus: busy, predicts, error }) => {
  if (error) return `${contender} failed`;
  const times = [steps.at(-1), ...Object.values(predicts).map((list) => list.at(-1))].filter(Boolean);
  const cpu = busy.length > 0 ? ` (cpu ${busy.at(-1).toPrecision(3)})` : '';
  return `${contender} ${times.map((time) => time.toPrecision(3)).join(' ')}${cpu}`;
};

const gpu = isGpu ? gpuOf() : undefined;
// Its load is noted before and after each workload.
const machine = { ...describe(), threads, ...(gpu ? { gpu } : {}) };
const date = today();
const result = { date, commit: commitOf(dirname(folder)), machine, versions: {}, rows: [] };
const file = join(options.out, nameOf(date, gpu ?? machine.cpu));
mkdirSync(options.out, { recursive: true });

function finish(rows) {
  result.rows.push(...rows);
  machine.load.push(loadavg()[0]);
  writeFileSync(`${file}.json`, `${JSON.stringify(result, null, 2)}\n`);
  writeFileSync(`${file}.md`, markdown(result, workloads));
}

// Compiling the large networks takes minutes: all begin at once, and none is measured before all are done.
const together = chosen.filter((name) => workloads[name].together);
for (const name of chosen.filter((each) => !together.includes(each))) {
  finish(await measure(name, await start(name, false), result.versions));
}
const started = await Promise.all(together.map((name) => start(name, true)));
for (const [i, name] of together.entries()) finish(await measure(name, started[i], result.versions));
process.stdout.write(markdown(result, workloads));
