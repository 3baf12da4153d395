// Everything about the GPU backend that only a GPU can show, in one JSON: see usage. scripts/gpu-check.sh brings Node along
// and runs it. Parts that need no quiet run side by side; each has a time limit, and what is known is kept at any time.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { benchPart } from './bench-part.js';
import { determinismPart, graphPart } from './digest-parts.js';
import { ownScript, root, runJob, Slots, type JobResult } from './job.js';
import { describeMachine, describePython, pythonLibraries } from './machine.js';
import { openReport, resultOf, writeReport, type PartResult } from './report.js';
import { filesIn, sanitizerPart, testFile, testPart, vectorPart } from './test-parts.js';

const usage = `gpu-check [options]
  --out build/gpu-check.json   where the results go; those of the same commit that are there already are kept
  --parts a,b                  only these parts (default: all)
  --without a,b                all parts but these
  --limit 570                  seconds that all of it may take; parts that no longer fit are not run
  --device cuda                the device that is checked
  --vectors FOLDER             further cases of Keras (may be repeated)
  --python python3             the interpreter that has torch and jax
  --jobs N                     processes at once (default: half of the cores, at most 8)
  --bench M1,M2,G3…            rows of the benchmark (default: all)
  --repetitions 5              measurements of each contender
  --list                       names the parts`;

/** What a part may use. */
export interface CheckContext {
  readonly device: string;
  readonly python: string;
  /** Runs a command in a slot of its own, within the time that is left. */
  job(command: readonly string[], env: Readonly<Record<string, string>>): Promise<JobResult>;
  /** A path for a file of this part. */
  scratch(extension: string): string;
}

interface Part {
  /** Seconds that one of its processes may take. */
  readonly limit: number;
  /** Whether nothing else may run meanwhile. */
  readonly alone?: true;
  /** Why it cannot be run here; null where it can. */
  readonly missing?: () => string | null;
  readonly run: (context: CheckContext) => Promise<PartResult>;
}

const { values: options } = parseArgs({
  options: {
    out: { type: 'string', default: 'build/gpu-check.json' },
    parts: { type: 'string' },
    without: { type: 'string' },
    limit: { type: 'string', default: '570' },
    device: { type: 'string', default: process.env.HORNET_DEVICE ?? 'cuda' },
    vectors: { type: 'string', multiple: true, default: [] },
    python: { type: 'string', default: process.env.PYTHON ?? 'python3' },
    jobs: { type: 'string', default: String(Math.max(1, Math.min(8, availableParallelism() >> 1))) },
    bench: { type: 'string' },
    repetitions: { type: 'string', default: '5' },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const started = performance.now();
const elapsed = (): number => (performance.now() - started) / 1000;
const left = (): number => Number(options.limit) - elapsed();
const jobs = Number(options.jobs);
const isGpu = options.device.startsWith('cuda');

const sanitizer = ['/usr/local/cuda/bin/compute-sanitizer', '/usr/bin/compute-sanitizer'].find(existsSync);
const types = ['float32', 'float64', 'float16', 'bfloat16'];
const library = ['layers', 'models', 'losses', 'metrics', 'initializers'].flatMap((folder) =>
  filesIn(folder, ['precision', 'whole-step']),
);
const graph = filesIn('graph', ['passes']);

/** In the order of their weight: where time runs out, the last are not run. */
const parts: Record<string, Part> = {
  doctor: { limit: 60, run: doctorPart },
  ops: {
    limit: 400,
    run: (context) =>
      testPart(context, [
        ...types.map((type) => testFile('ops/across-devices', { only: `${type} on` })),
        testFile('ops/across-devices', { only: 'random ' }),
        ...filesIn('ops', ['across-devices']),
      ]),
  },
  'whole-step': { limit: 120, run: (context) => testPart(context, [testFile('models/whole-step')]) },
  mixed: {
    limit: 200,
    run: (context) => testPart(context, [testFile('layers/precision'), ...filesIn('optimizers')]),
  },
  goldens: { limit: 400, run: (context) => vectorPart(context, goldenFolders, Math.min(4, jobs)) },
  graphs: { limit: 200, run: graphPart },
  determinism: { limit: 200, run: determinismPart },
  faults: { limit: 120, run: (context) => testPart(context, [testFile('native/faults')]) },
  library: { limit: 400, run: (context) => testPart(context, [...library, ...graph]) },
  memory: { limit: 240, run: memoryPart },
  sanitizer: {
    limit: 240,
    missing: () => (isGpu ? (sanitizer ? null : 'compute-sanitizer is not here') : 'the device is not a GPU'),
    run: (context) =>
      sanitizerPart(context, sanitizer!, [
        { ...testFile('models/whole-step'), tool: 'memcheck' },
        { ...testFile('layers/precision', { only: 'mixed_float16 trains as' }), tool: 'memcheck' },
        { ...testFile('ops/across-devices', { only: 'float32 on', every: 3 }), tool: 'memcheck' },
        { ...testFile('ops/across-devices', { only: 'float16 on', every: 5 }), tool: 'memcheck' },
        { ...testFile('ops/across-devices', { only: 'float32 on', every: 4 }), tool: 'racecheck' },
      ]),
  },
  vectors: {
    limit: 500,
    missing: () => (options.vectors.length > 0 ? null : 'no folder was given'),
    run: (context) =>
      vectorPart(
        context,
        options.vectors.map((folder) => resolve(folder)),
        jobs,
      ),
  },
  bench: {
    limit: 500,
    alone: true,
    run: (context) => benchPart(context, { rows: options.bench, repetitions: options.repetitions }),
  },
};

const goldenFolders = ['vectors', 'mixed'].map((name) => join(root, 'test/golden', name));

async function doctorPart(context: CheckContext): Promise<PartResult> {
  const command = [process.execPath, join(root, 'scripts/hornet.mjs'), 'doctor', '--json'];
  const { status, stdout, stderr } = await context.job(command, {});
  try {
    const details = JSON.parse(stdout) as unknown;
    return resultOf(status === 0 ? 1 : 0, status === 0 ? [] : [{ name: 'doctor', message: stdout }], details);
  } catch {
    return resultOf(0, [{ name: 'doctor', message: `${stdout}${stderr}` }]);
  }
}

async function memoryPart(context: CheckContext): Promise<PartResult> {
  const file = context.scratch('json');
  const command = ownScript('bench/memory', '--steps', '4000', '--predictions', '10000', '--json', file);
  const { stdout, stderr, timedOut } = await context.job(command, { HORNET_DEVICE: context.device });
  if (!existsSync(file)) {
    const message = `${timedOut ? 'ran out of time\n' : ''}${stdout}${stderr.slice(-2000)}`;
    return resultOf(0, [{ name: 'memory', message }]);
  }
  const watched = JSON.parse(readFileSync(file, 'utf8')) as { name: string; flat: boolean }[];
  const grown = watched.filter(({ flat }) => !flat);
  return resultOf(
    watched.length - grown.length,
    grown.map(({ name }) => ({ name, message: 'memory grows' })),
    watched,
  );
}

/** What of the pack or the checkout this is. */
function commitOf(): string {
  const packed = join(root, 'commit');
  return existsSync(packed) ? readFileSync(packed, 'utf8').trim() : 'a checkout';
}

async function main(): Promise<void> {
  if (options.help) return void console.log(usage);
  if (options.list) return void console.log(Object.keys(parts).join('\n'));
  const without = options.without?.split(',') ?? [];
  const names = options.parts?.split(',') ?? Object.keys(parts).filter((name) => !without.includes(name));
  const unknown = [...names, ...without].find((name) => !Object.hasOwn(parts, name));
  if (unknown) throw new Error(`there is no part ${unknown}\n${usage}`);
  const out = resolve(options.out);
  const folder = `${out}.files`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });

  const report = openReport(out, commitOf(), options.device);
  report.machine = describeMachine();
  report.versions = describePython(options.python);
  // Libraries in the folders of an interpreter that is not the system's.
  const libraries = process.env.HORNET_CUDA_LIBRARIES ?? pythonLibraries(options.python);
  if (libraries) process.env.HORNET_CUDA_LIBRARIES = libraries;
  report.machine.libraries = libraries;
  const before = report.seconds;
  const slots = new Slots(jobs);
  let files = 0;

  const runPart = async (name: string): Promise<void> => {
    const part = parts[name];
    const why = part.missing?.() ?? null;
    const begun = elapsed();
    const context: CheckContext = {
      device: options.device,
      python: options.python,
      scratch: (extension) => join(folder, `${name}-${files++}.${extension}`),
      job: (command, env) =>
        slots.use(() => {
          const timeout = Math.min(part.limit, left() - 3);
          if (timeout > 0) return runJob(command, { env, timeout });
          return Promise.resolve({ status: null, signal: null, timedOut: true, seconds: 0, stdout: '', stderr: '' });
        }),
    };
    let result: PartResult;
    try {
      if (why !== null) result = { status: 'skipped', reason: why };
      else if (left() < 10) result = { status: 'not run', reason: 'there was no time left' };
      else result = await part.run(context);
    } catch (error) {
      result = resultOf(0, [{ name, message: String(error instanceof Error ? error.stack : error) }]);
    }
    report.parts[name] = { ...result, seconds: Math.round(10 * (elapsed() - begun)) / 10 };
    report.seconds = Math.round(before + elapsed());
    writeReport(out, report);
    const counts =
      result.passed === undefined ? (result.reason ?? '') : `${result.passed} passed, ${result.failed} failed`;
    console.log(`${result.status.padEnd(8)} ${name}: ${counts} (${report.parts[name].seconds} s)`);
    for (const { name: what, message } of result.failures?.slice(0, 5) ?? []) {
      console.log(`  ${what}: ${message.split('\n').slice(0, 3).join(' ').slice(0, 300)}`);
    }
  };

  if (names.includes('doctor')) await runPart('doctor');
  const others = names.filter((name) => name !== 'doctor');
  await Promise.all(others.filter((name) => !parts[name].alone).map(runPart));
  for (const name of others.filter((each) => parts[each].alone)) await runPart(name);
  rmSync(folder, { recursive: true, force: true });
  const bad = Object.values(report.parts).filter(({ status }) => status === 'failed' || status === 'not run');
  console.log(
    `${Object.keys(report.parts).length} parts, ${bad.length} of them not passed, ${report.seconds} s: ${out}`,
  );
  process.exitCode = bad.length > 0 ? 1 : 0;
}

await main();
