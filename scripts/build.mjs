// Builds the addon and its CPU libraries with cmake-js into build/Release.
// Options: --levels v3,v4 (default: the machine's own), --debug, --tests, --jobs N.
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ensureOneDnn, runtimeLibraries } from './onednn.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const { values: options } = parseArgs({
  options: {
    levels: { type: 'string' },
    debug: { type: 'boolean', default: false },
    tests: { type: 'boolean', default: false },
    jobs: { type: 'string' },
  },
  allowPositionals: true,
});

/** The highest x86-64 level of this machine, by the flags that tell the levels apart. */
function ownLevel() {
  if (process.arch !== 'x64') return 'base';
  const flags = existsSync('/proc/cpuinfo') ? (/^flags.*$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[0] ?? '') : '';
  const has = (...names) => names.every((name) => flags.includes(` ${name}`));
  if (has('avx512f', 'avx512bw', 'avx512cd', 'avx512dq', 'avx512vl')) return 'v4';
  return has('avx2', 'bmi2', 'fma') ? 'v3' : 'v2';
}

function requireTool(tool, hint) {
  if (spawnSync(tool, ['--version'], { stdio: 'ignore' }).status !== 0) {
    throw new Error(`${tool} is missing. On Debian or Ubuntu: apt-get install ${hint}`);
  }
}

try {
  requireTool(process.env.CXX ?? 'c++', 'g++');
  requireTool('cmake', 'cmake make');
  const oneDnn = ensureOneDnn(root);
  const levels = (options.levels ?? ownLevel()).split(',').join(';');
  const cmakeJs = createRequire(import.meta.url).resolve('cmake-js/bin/cmake-js');
  const args = [
    cmakeJs,
    'compile',
    '--out=build',
    options.debug ? '--debug' : '--config=Release',
    `--CDHORNET_CPU_LEVELS=${levels}`,
    `--CDONEDNN_ROOT=${oneDnn}`,
    `--CDHORNET_TESTS=${options.tests ? 'ON' : 'OFF'}`,
    `--parallel=${options.jobs ?? availableParallelism()}`,
  ];
  execFileSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  for (const library of runtimeLibraries(oneDnn)) {
    copyFileSync(realpathSync(library), join(root, 'build', 'Release', basename(library)));
  }
} catch (error) {
  console.error(`hornet: the native build failed: ${error.message}`);
  process.exitCode = 1;
}
