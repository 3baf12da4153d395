// Builds the addon and its CPU libraries with cmake-js into build/Release.
// Options: --levels v3,v4 (default: the machine's own), --out FOLDER, --jobs N, --target NAME, --debug, --tests, --sanitize,
// --prebuilt (compile common CUDA kernels ahead, where nvcc is; it takes minutes, and NVRTC makes them at run time else).
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cudaIncludes, findNvcc } from './cuda-headers.mjs';
import { ensureOneDnn, runtimeLibraries } from './onednn.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** The highest x86-64 level of this machine, by the flags that tell the levels apart. */
function ownLevel() {
  if (process.arch !== 'x64') return 'base';
  const text = existsSync('/proc/cpuinfo') ? readFileSync('/proc/cpuinfo', 'utf8') : '';
  const flags = new Set(/^flags.*$/m.exec(text)?.[0].split(/\s+/));
  const has = (...names) => names.every((name) => flags.has(name));
  if (has('avx512f', 'avx512bw', 'avx512cd', 'avx512dq', 'avx512vl')) return 'v4';
  return has('avx2', 'bmi2', 'fma') ? 'v3' : 'v2';
}

function requireTool(tool, packages) {
  if (spawnSync(tool, ['--version'], { stdio: 'ignore' }).status !== 0) {
    throw new Error(`${tool} is missing. On Debian or Ubuntu: apt-get install ${packages}`);
  }
}

/** Not cmake-js's own `compile`: after a compiler error that one removes everything and starts over. */
function cmakeJs(command, options) {
  const script = createRequire(import.meta.url).resolve('cmake-js/bin/cmake-js');
  const args = [script, command, '--log-level=error', ...options];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw new Error(`${command} ended with status ${status}`);
}

function build(options) {
  requireTool(process.env.CXX ?? 'c++', 'g++');
  requireTool('cmake', 'cmake make');
  const oneDnn = ensureOneDnn(root);
  const levels = (options.levels ?? 'native').replace('native', ownLevel()).split(',');
  const config = options.debug ? 'Debug' : 'Release';
  const out = resolve(root, options.out);
  const common = [`--out=${out}`, `--config=${config}`, '--directory', root];
  cmakeJs('configure', [
    ...common,
    `--CDHORNET_CPU_LEVELS=${levels.join(';')}`,
    `--CDONEDNN_ROOT=${join(oneDnn || '/', 'usr')}`, // never empty: cmake-js would leave the last one in force
    `--CDHORNET_CUDA_INCLUDE=${cudaIncludes().join(';') || 'OFF'}`,
    `--CDHORNET_NVCC=${(options.prebuilt && findNvcc()) || 'OFF'}`,
    `--CDHORNET_TESTS=${options.tests ? 'ON' : 'OFF'}`,
    `--CDHORNET_SANITIZE=${options.sanitize ? 'ON' : 'OFF'}`,
  ]);
  const target = options.target ? [`--target=${options.target}`] : [];
  const jobs = options.jobs ?? process.env.CMAKE_BUILD_PARALLEL_LEVEL ?? availableParallelism();
  cmakeJs('build', [...common, ...target, `--parallel=${jobs}`]);
  if (oneDnn && !options.target) {
    const library = join(out, config, `libhornet_cpu_${levels[0]}.so`);
    for (const path of runtimeLibraries(library, oneDnn)) copyFileSync(path, join(out, config, basename(path)));
  }
}

const { values } = parseArgs({
  options: {
    levels: { type: 'string' },
    out: { type: 'string', default: 'build' },
    jobs: { type: 'string' },
    target: { type: 'string' },
    debug: { type: 'boolean', default: false },
    prebuilt: { type: 'boolean', default: false },
    tests: { type: 'boolean', default: false },
    sanitize: { type: 'boolean', default: false },
  },
});
try {
  build(values);
} catch (error) {
  console.error(`hornet: the native build failed: ${error.message}`);
  process.exitCode = 1;
}
