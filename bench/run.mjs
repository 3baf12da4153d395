// The benchmark tables: runs Hornet and its rivals side by side and writes bench/results. Options: see README.md.
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { markdown } from './table.mjs';

const folder = dirname(fileURLToPath(import.meta.url));
const workloads = JSON.parse(readFileSync(join(folder, 'workloads.json'), 'utf8'));
const everybody =
  'hornet,hornet@50,keras-jax,keras-jax@50,keras-tensorflow,keras-tensorflow@50,keras-torch,torch,torch-compiled,jax,jax@50';

const { values: options } = parseArgs({
  options: {
    python: { type: 'string', default: process.env.PYTHON ?? 'python3' },
    workloads: { type: 'string', default: 'C1,C2,C3' },
    contenders: { type: 'string', default: everybody },
    repetitions: { type: 'string', default: '5' },
    threads: { type: 'string', default: '2' },
    device: { type: 'string', default: 'cpu' }, // Hornet's; JAX and TensorFlow take the GPU that they see
    out: { type: 'string', default: join(folder, 'results') },
  },
});

const environment = {
  ...process.env,
  OMP_NUM_THREADS: options.threads,
  HORNET_NUM_THREADS: options.threads,
  HORNET_DEVICE: options.device,
  OMP_WAIT_POLICY: 'passive',
  TF_NUM_INTRAOP_THREADS: options.threads,
  TF_CPP_MIN_LOG_LEVEL: '3',
};

/** A process that answers commands, one line of JSON each. Where there are more cores, it may use `--threads` of them. */
class Contender {
  constructor(name, workload) {
    this.name = name;
    const command = name.startsWith('hornet')
      ? [process.execPath, '--import', 'tsx', join(folder, 'hornet.ts')]
      : [options.python, join(folder, 'rivals.py')];
    const pin = availableParallelism() > options.threads ? ['taskset', '-c', `0-${options.threads - 1}`] : [];
    const [file, ...args] = [...pin, ...command, name, workload];
    this.process = spawn(file, args, { env: environment, stdio: ['pipe', 'pipe', 'pipe'] });
    this.errors = '';
    this.process.stderr.on('data', (text) => (this.errors = (this.errors + text).slice(-4000)));
    this.lines = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
  }

  async ask(command) {
    this.process.stdin.write(`${command}\n`);
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`${this.name} ended at '${command}':\n${this.errors}`);
    return JSON.parse(value);
  }
}

const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];

/** The largest relative distance of two lists of losses. */
const distance = (a, b) => Math.max(...a.map((value, i) => Math.abs(value - b[i]) / Math.abs(b[i])));

/** All contenders on one workload: one at a time, in turns, each round beginning with another. */
async function measure(workload, versions) {
  const { skip = [] } = workloads[workload];
  const names = options.contenders.split(',').filter((name) => !skip.includes(name));
  const contenders = names.map((name) => new Contender(name, workload));
  const rows = [];
  for (const contender of contenders) {
    const { compileMs } = await contender.ask('compile');
    const { losses } = await contender.ask('losses');
    rows.push({ workload, contender: contender.name, losses, compileMs, steps: [], cpus: [], predicts: [] });
  }
  for (let round = 0; round < Number(options.repetitions); round++) {
    for (let i = 0; i < contenders.length; i++) {
      const at = (i + round) % contenders.length;
      const { stepMs, cpuMs } = await contenders[at].ask('fit');
      rows[at].steps.push(stepMs);
      rows[at].cpus.push(cpuMs);
      rows[at].predicts.push((await contenders[at].ask('predict')).predictMs);
    }
    process.stderr.write(`${workload} round ${round + 1}: ${rows.map(progress).join(', ')}\n`);
  }
  for (const [i, contender] of contenders.entries()) {
    const { peakMB, versions: own } = await contender.ask('end');
    contender.process.stdin.end();
    Object.assign(versions, own);
    rows[i].peakMB = peakMB;
    rows[i].stepMs = median(rows[i].steps);
    rows[i].cpuMs = median(rows[i].cpus);
    rows[i].predictMs = median(rows[i].predicts);
    rows[i].lossDistance = distance(rows[i].losses, rows[0].losses);
  }
  return rows;
}

const progress = ({ contender, steps, cpus }) =>
  `${contender} ${steps.at(-1).toPrecision(3)} (cpu ${cpus.at(-1).toPrecision(3)})`;

const git = (...args) => execFileSync('git', args, { cwd: dirname(folder), encoding: 'utf8' }).trim();

const machine = {
  cpu: cpus()[0].model,
  cores: availableParallelism(),
  threads: Number(options.threads),
  memoryGB: Math.round(totalmem() / 2 ** 30),
  system: `Linux ${release()}`,
  // Processes at work, this one's included, before and after each workload.
  load: [loadavg()[0]],
};
const date = new Date().toISOString().slice(0, 10);
const changed = git('status', '--porcelain', '--', 'lib', 'native', 'bench', ':!bench/results') !== '';
const result = {
  date,
  commit: git('rev-parse', '--short', 'HEAD') + (changed ? '+' : ''),
  machine,
  versions: {},
  rows: [],
};
const file = join(options.out, `${date}-${machine.cpu.replace(/[^A-Za-z0-9]+/g, '-').toLowerCase()}`);
mkdirSync(options.out, { recursive: true });
for (const workload of options.workloads.split(',')) {
  result.rows.push(...(await measure(workload, result.versions)));
  machine.load.push(loadavg()[0]);
  writeFileSync(`${file}.json`, `${JSON.stringify(result, null, 2)}\n`);
  writeFileSync(`${file}.md`, markdown(result, workloads));
}
process.stdout.write(markdown(result, workloads));
