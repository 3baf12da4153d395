// How quickly the networks of `applications` are built: each in a process of its own. Measures the package as it is
// published, so `npm run build:lib` comes first. applications.mjs [network…] [--out results]
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { applications } from 'hornet';
import { commitOf, machine, nameOf, today } from './machine.mjs';

const folder = dirname(fileURLToPath(import.meta.url));
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { out: { type: 'string', default: join(folder, 'results') } },
});
const isNetwork = (value) => typeof value === 'function' && 'architecture' in value;
const all = Object.keys(applications).filter((name) => isNetwork(applications[name]));
const unknown = positionals.find((name) => !all.includes(name));
if (unknown) throw new Error(`there is no network ${unknown}; there are ${all.join(', ')}`);

const result = { date: today(), commit: commitOf(dirname(folder)), machine: machine(), rows: [] };
for (const name of positionals.length > 0 ? positionals : all) {
  const out = execFileSync(process.execPath, [join(folder, 'construct.mjs'), name], { encoding: 'utf8' });
  const row = JSON.parse(out);
  result.rows.push(row);
  result.machine.load.push(Math.round(100 * loadavg()[0]) / 100);
  process.stderr.write(`${name}: ${text(row.first)} at first\n`);
}

function text({ wallMs, cpuMs }) {
  return `${wallMs.toFixed(0)} ms (${cpuMs.toFixed(0)})`;
}

/** The repetition of the least CPU time. */
const fastest = (times) => times.reduce((a, b) => (a.cpuMs <= b.cpuMs ? a : b));
const { cpu, cores, memoryGB, system, load } = result.machine;
const range = `${Math.min(...load).toFixed(1)} to ${Math.max(...load).toFixed(1)}`;
const table = [
  `# Building networks, ${result.date}`,
  '',
  `${cpu}, ${cores} cores, ${memoryGB} GB, ${system}; node ${process.versions.node}; commit ${result.commit}.`,
  `Load average ${range}: what is above 1 are others on the machine, so that CPU time (in parentheses, that of all threads)`,
  'says more than the time that passed.',
  '',
  '“First”: the first network of a fresh process, without weights’ numbers. “Again”: the quickest of three more. “Weights”:',
  'from then on until all weights are drawn. “Memory”: what the process has grown by when they are.',
  '',
  '| network | layers | parameters | first | again | weights | their size | memory |',
  '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
  ...result.rows.map((row) => {
    const times = [row.first, fastest(row.again), row.weights].map(text);
    const sizes = [row.weightsMB, row.residentMB].map((size) => `${size.toFixed(0)} MB`);
    return `| ${[row.network, row.layers, row.parameters, ...times, ...sizes].join(' | ')} |`;
  }),
].join('\n');
mkdirSync(options.out, { recursive: true });
const file = join(options.out, `${nameOf(result.date, cpu)}-applications`);
writeFileSync(`${file}.json`, `${JSON.stringify(result, null, 2)}\n`);
writeFileSync(`${file}.md`, `${table}\n`);
process.stdout.write(`${table}\n`);
