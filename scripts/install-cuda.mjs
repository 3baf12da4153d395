// `hornet install-cuda` puts cuBLAS, cuDNN and NVRTC into Hornet's cache, with pip as it is configured. The folder
// appears as a whole or not at all; what an interrupted run has left is removed by the next.
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  closeSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { cacheFolder } from './cuda-cache.mjs';
import { probe } from './probe.mjs';

/** The last two are small: headers with which `hornet build` makes the CUDA backend where there is no toolkit. */
const packages = {
  13: ['nvidia-cublas', 'nvidia-cudnn-cu13', 'nvidia-cuda-nvrtc', 'nvidia-cuda-runtime', 'nvidia-cuda-crt'],
  12: ['nvidia-cublas-cu12', 'nvidia-cudnn-cu12', 'nvidia-cuda-nvrtc-cu12'],
};
const nccl = { 13: 'nvidia-nccl-cu13', 12: 'nvidia-nccl-cu12' };
/** The files that must be there, by the names of their libraries in native/cuda/search.cpp. */
const needed = (major) => ({
  NVRTC: `libnvrtc.so.${major}`,
  cuBLAS: `libcublasLt.so.${major}`,
  cuDNN: 'libcudnn.so.9',
});
/** What the wheels take with all of their files, twice: pip unpacks before it moves. */
const SPACE = 4e9;
const MARKER = 'hornet-cuda.json';

const gigabytes = (bytes) => `${(bytes / 1e9).toFixed(2)} GB`;

/** A problem that the user can mend; its message says how. */
class Problem extends Error {}

/** The CUDA version that the driver supports, e.g. [13, 0]; null without a driver. */
function driverVersion() {
  const { answer } = probe('cuda');
  const known = answer?.libraries.find(({ name }) => name === 'driver')?.version;
  const asked = known ? '' : (spawnSync('nvidia-smi', { encoding: 'utf8' }).stdout ?? '');
  const version = known ?? /CUDA Version: (\d+\.\d+)/.exec(asked)?.[1];
  return version ? version.split('.').map(Number) : null;
}

/** The CUDA version to get: the one asked for, else the newest that runs with the driver. */
export function chooseMajor(asked, driver) {
  if (asked !== undefined && !(asked in packages))
    throw new Problem(`expected --cuda to be 12 or 13, received ${asked}`);
  if (driver && driver[0] < 12) {
    throw new Problem(
      `the driver is for CUDA ${driver.join('.')}; Hornet needs one for 12.0 or newer. Update it first`,
    );
  }
  if (asked === '13' && driver && driver[0] < 13) {
    throw new Problem(`the driver is for CUDA ${driver.join('.')}: update it, or get the libraries with --cuda 12`);
  }
  return Number(asked ?? (driver && driver[0] < 13 ? 12 : 13));
}

function findPython() {
  for (const python of ['python3', 'python']) {
    const { status, error } = spawnSync(python, ['-m', 'pip', '--version'], { stdio: 'ignore' });
    if (status === 0) return python;
    if (!error) {
      throw new Problem(
        `${python} has no pip. Debian, Ubuntu: apt-get install python3-pip; Fedora: dnf install python3-pip`,
      );
    }
  }
  throw new Problem(
    'the libraries come as Python wheels, and there is no python3. ' +
      'Debian, Ubuntu: apt-get install python3 python3-pip; Fedora: dnf install python3-pip',
  );
}

const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
};

/** Removes what runs have left that were interrupted; puts a folder back that was about to be replaced. */
export function cleanUp(target) {
  const parent = dirname(target);
  for (const name of existsSync(parent) ? readdirSync(parent) : []) {
    const [, kind, pid] = /^\.(partial|old)-(\d+)$/.exec(name.replace(basename(target), '')) ?? [];
    if (!kind || isAlive(Number(pid))) continue;
    const path = join(parent, name);
    if (kind === 'old' && !existsSync(target)) renameSync(path, target);
    else rmSync(path, { recursive: true, force: true });
  }
}

/** Bytes of all files below. */
function sizeOf(path) {
  const stat = lstatSync(path);
  if (!stat.isDirectory()) return stat.size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}

/** What the last complete run has installed; null where nothing is. */
function installed(target) {
  try {
    return JSON.parse(readFileSync(join(target, MARKER), 'utf8'));
  } catch {
    return null;
  }
}

/** Names and versions of the wheels in a folder. */
const wheelsIn = (folder) =>
  readdirSync(folder)
    .map((name) => /^(.+)-([^-]+)\.dist-info$/.exec(name))
    .filter(Boolean)
    .map(([, name, version]) => `${name.replaceAll('_', '-')} ${version}`);

function isElf(path) {
  const file = openSync(path, 'r');
  const magic = Buffer.alloc(4);
  readSync(file, magic, 0, 4, 0);
  closeSync(file);
  return magic.toString('latin1') === '\x7fELF';
}

/** Whether the libraries of a folder open, in a process of its own; throws a Problem that names the one that doesn't. */
function verify(folder, major) {
  const { answer } = probe('cuda', { HORNET_CUDA_LIBRARIES: folder });
  for (const [library, file] of Object.entries(needed(major))) {
    const path = findFile(folder, file);
    if (!path || !isElf(path)) throw new Problem(`the wheels hold no ${file}: this is not what was expected of them`);
    // A build without CUDA cannot open them; the files have been looked at.
    const seen = answer?.libraries.find(({ name }) => name === library);
    if (seen && !seen.path?.startsWith(folder))
      throw new Problem(`${library} does not open: ${seen.problem ?? seen.path}`);
  }
}

function opens(folder, major) {
  try {
    verify(folder, major);
    return true;
  } catch (error) {
    console.log(`hornet: ${error.message}; fetching them anew`);
    return false;
  }
}

function findFile(folder, file) {
  const found = readdirSync(join(folder, 'nvidia'), { recursive: true }).find((path) => basename(path) === file);
  return found ? join(folder, 'nvidia', found) : null;
}

/** What to do about pip's last words. */
export function explainFailure(words, wanted) {
  if (/No space left on device/i.test(words))
    return 'the disk is full: free some space, or set HORNET_CACHE to another folder';
  const unreachable =
    /NewConnectionError|ConnectionError|Max retries exceeded|name resolution|Network is unreachable|timed out|ProxyError|SSLError/i;
  if (unreachable.test(words) || !words.trim()) {
    return (
      "pip could not reach its package index. Run this again when there is a network (what has been fetched stays in pip's " +
      'cache), or set pip to a mirror (pip config set global.index-url …). For a machine without a network run it on one ' +
      'that has and copy the folder'
    );
  }
  if (/No matching distribution|Could not find a version/i.test(words)) {
    return `pip's package index has no wheels of ${wanted.join(', ')} for this machine; a newer pip may see them (python3 -m pip install --upgrade pip)`;
  }
  return 'see what pip says above';
}

/** Runs pip; its output passes through. Gives its status and the end of what it said on stderr. */
function runPip(python, args, env, onStart) {
  return new Promise((resolve) => {
    const child = spawn(python, ['-m', 'pip', ...args], { stdio: ['ignore', 'inherit', 'pipe'], env });
    onStart(child);
    let words = '';
    child.stderr.on('data', (chunk) => {
      process.stderr.write(chunk);
      words = (words + chunk).slice(-20_000);
    });
    child.on('error', (error) => resolve({ status: 1, words: error.message }));
    child.on('close', (status, signal) => resolve({ status: signal ? 1 : status, words }));
  });
}

function checkSpace(folder) {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize < SPACE) {
    const free = gigabytes(bavail * bsize);
    throw new Problem(
      `about ${gigabytes(SPACE)} are needed in ${folder}, ${free} are free; HORNET_CACHE names another folder`,
    );
  }
}

/** Fetches, verifies and puts into place. */
async function install(target, major, wanted) {
  const python = findPython();
  const partial = `${target}.partial-${process.pid}`;
  const temporary = join(partial, 'tmp');
  mkdirSync(temporary, { recursive: true });
  let child = null;
  let interrupted = false;
  const interrupt = () => {
    interrupted = true;
    child?.kill('SIGTERM');
  };
  const goOn = () => {
    if (interrupted)
      throw new Problem("interrupted; nothing was installed. What has been fetched stays in pip's cache");
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    checkSpace(partial);
    const options = ['--no-deps', '--only-binary=:all:', '--no-input', '--disable-pip-version-check'];
    // pip unpacks into TMPDIR, which may be small, and another file system.
    const env = { ...process.env, TMPDIR: temporary };
    const { status, words } = await runPip(
      python,
      ['install', ...options, '--target', partial, ...wanted],
      env,
      (started) => {
        child = started;
      },
    );
    goOn();
    if (status !== 0) throw new Problem(`pip failed: ${explainFailure(words, wanted)}`);
    rmSync(temporary, { recursive: true, force: true });
    console.log('hornet: opening the libraries');
    verify(partial, major);
    await new Promise(setImmediate); // hears of signals that came meanwhile
    goOn();
    writeFileSync(join(partial, MARKER), JSON.stringify({ cuda: major, packages: wanted }));
    const old = `${target}.old-${process.pid}`;
    if (existsSync(target)) renameSync(target, old);
    renameSync(partial, target);
    rmSync(old, { recursive: true, force: true });
  } finally {
    rmSync(partial, { recursive: true, force: true });
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

function report(target, driver) {
  console.log(`\nhornet: CUDA's libraries are in ${target} and will be found there:`);
  for (const wheel of wheelsIn(target)) console.log(`  ${wheel}`);
  console.log(`  ${gigabytes(sizeOf(target))} in all; to remove them, remove the folder`);
  console.log(
    driver
      ? 'hornet: `npx hornet doctor` tells what works'
      : 'hornet: there is no NVIDIA driver on this machine; without one the CPU does the work',
  );
}

/** The command; gives the exit status. */
export async function main(args) {
  const { values } = parseArgs({
    args,
    options: {
      cuda: { type: 'string' },
      nccl: { type: 'boolean', default: false },
      force: { type: 'boolean', default: false },
    },
  });
  const target = cacheFolder();
  try {
    const driver = driverVersion();
    const major = chooseMajor(values.cuda, driver);
    const wanted = [...packages[major], ...(values.nccl ? [nccl[major]] : [])];
    cleanUp(target);
    const before = installed(target);
    const complete = before?.cuda === major && wanted.every((name) => before.packages.includes(name));
    if (!complete || values.force || !opens(target, major)) {
      console.log(`hornet: fetching ${wanted.join(', ')} for CUDA ${major}; with pip, about 1.3 GB`);
      await install(target, major, wanted);
    }
    report(target, driver);
    return 0;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    console.error(`hornet: ${error.message}`);
    return 1;
  }
}
