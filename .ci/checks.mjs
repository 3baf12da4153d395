// Runs the project's checks and sums them up; called by .ci/run. Arguments choose checks by name: `.ci/run lint jest`.
// A check that ends with a line like "12 passed, 1 failed" counts with these numbers, any other as one.
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import process from 'node:process';

const jobs = String(Math.max(1, Math.min(availableParallelism(), 8)));
const env = { ...process.env, OMP_WAIT_POLICY: 'passive', CMAKE_BUILD_PARALLEL_LEVEL: jobs, FORCE_COLOR: '0' };

/** Suites that run on an emulated GPU, too. */
const emulated = [
  'test/ops/(op-cases|contract|control-flow|gradients|attention|rnn|data-dependent|hash|op-errors|random)',
  'test/models/(whole-step|fit)',
  'test/native/(device|lifecycle)',
  'test/layers/(layer|precision)',
];
/** Where they leave each kernel that they had compiled. */
const kept = 'build/emulated/sources';

/** Checks in a lane run one after the other, lanes of one stage side by side, stages one after the other. */
const stages = [
  [
    [
      ['prettier', 'npx prettier --check --log-level warn .'],
      ['eslint', 'npx eslint --max-warnings 0 .'],
      [
        'clang-format',
        'git ls-files "native/*.h" "native/*.cpp" "native/*.cu" | xargs -r npx clang-format --dry-run -Werror',
      ],
      ['types', 'npx tsc -p tsconfig.json'],
    ],
    [
      // Before the build: it makes the CUDA backend where it finds the headers.
      ['cuda toolchain', 'node scripts/cuda-toolchain.mjs'],
      ['native build', 'npm run --silent build:native'],
      ['native tests', 'npm run --silent test:native'],
    ],
  ],
  [[['jest', 'npm run --silent jest']]],
  // Nothing of CUDA runs here: its code is compiled by NVIDIA's compilers and libraries, and run on an emulated GPU.
  [
    [
      [
        'emulated suites',
        `rm -rf ${kept}; HORNET_EMULATED_SOURCES=${kept} npm run --silent test:emulated -- ${emulated.map((suite) => `'${suite}'`).join(' ')}`,
      ],
    ],
  ],
  [
    [['emulator', 'npm run --silent test:emulated']],
    [['nvcc', 'node scripts/compile-kernels.mjs']],
    [['cudnn plans', 'npm run --silent test:plans']],
  ],
  [[['nvrtc', `node scripts/compile-kept.mjs ${kept} compute_90`]]],
  [
    [['packaging', 'node test/packaging/pack.mjs']],
    [
      ['damaged files', 'npx tsx scripts/fuzz-files.ts 60'],
      ['vectors', 'npm run --silent vectors -- test/golden/vectors'],
    ],
  ],
];

function run([name, command]) {
  return new Promise((resolve) => {
    const started = performance.now();
    const child = spawn('bash', ['-o', 'pipefail', '-c', command], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('close', (code) => {
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      const result = count(output, code === 0);
      console.log(
        `${result.failed ? '✗' : '✓'} ${name} (${seconds} s): ${result.passed} passed, ${result.failed} failed`,
      );
      if (result.failed) console.log(indent(output.trim().split('\n').slice(-200).join('\n')));
      resolve(result);
    });
  });
}

/** Numbers of the last summary line of a check (jest writes "Tests: 1 failed, 2 passed, 3 total"), else one. */
function count(output, succeeded) {
  const lines = output.split('\n').filter((line) => /\d+ passed/.test(line) && !/^(Test Suites|Snapshots):/.test(line));
  const number = (word) => Number(new RegExp(`(\\d+) ${word}`).exec(lines.at(-1) ?? '')?.[1] ?? 0);
  const [passed, failed] = [number('passed'), number('failed')];
  if (passed + failed === 0) return succeeded ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
  return { passed, failed: succeeded ? failed : Math.max(failed, 1) };
}

const indent = (text) => text.replace(/^/gm, '    ');

const wanted = process.argv.slice(2);
const known = stages.flat(2).map(([name]) => name);
const unknown = wanted.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`unknown check ${unknown.join(', ')}; there are: ${known.join(', ')}`);
  process.exit(2);
}
const total = { passed: 0, failed: 0 };
for (const lanes of stages) {
  const lane = async (checks) => {
    for (const check of checks.filter(([name]) => wanted.length === 0 || wanted.includes(name))) {
      const { passed, failed } = await run(check);
      total.passed += passed;
      total.failed += failed;
    }
  };
  await Promise.all(lanes.map(lane));
}
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;
