// Finds oneDNN on this system, or unpacks the distribution's packages into build/onednn without root.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const HEADER = 'oneapi/dnnl/dnnl.hpp';
const HINT =
  'Install oneDNN and run this again (Debian, Ubuntu: apt-get install libdnnl-dev; Fedora: dnf install onednn-devel; ' +
  'Arch: pacman -S onednn; elsewhere from conda-forge or its sources, with CMAKE_PREFIX_PATH set to where it is)';

const quiet = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] };

/** A command's output, or nothing where it does not exist or fails. */
function output(command, args, options = {}) {
  try {
    return execFileSync(command, args, { ...quiet, ...options });
  } catch {
    return '';
  }
}

/**
 * The folder below which oneDNN's headers and library lie: '' for where the compiler looks anyway. Downloads it where
 * the distribution has it; throws with the command that helps where it does not.
 */
export function ensureOneDnn(root) {
  const prefixes = (process.env.CMAKE_PREFIX_PATH ?? '').split(':').filter(Boolean);
  if (['/usr', '/usr/local', ...prefixes].some((prefix) => existsSync(join(prefix, 'include', HEADER)))) return '';
  const target = resolve(root, 'build', 'onednn');
  if (existsSync(join(target, 'usr/include', HEADER))) return target;
  if (!output('apt-get', ['--version']) || !output('dpkg', ['--version'])) {
    throw new Error(`oneDNN is missing. ${HINT}`);
  }
  console.log("hornet: oneDNN is not installed; unpacking the distribution's packages into build/onednn");
  const partial = `${target}.partial-${process.pid}`;
  try {
    mkdirSync(partial, { recursive: true });
    download(partial);
    for (const file of readdirSync(partial).filter((name) => name.endsWith('.deb'))) {
      execFileSync('dpkg', ['-x', file, '.'], { cwd: partial });
      rmSync(join(partial, file));
    }
    renameSync(partial, target);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    throw new Error(`oneDNN could not be fetched (${error.message}). ${HINT}`, { cause: error });
  }
  return target;
}

function download(folder) {
  const state = mkdtempSync(join(tmpdir(), 'hornet-apt-'));
  // Lists of their own where the system has none, so that neither root nor the system's state is needed.
  const lists = ['-o', `Dir::State::Lists=${state}/lists`, '-o', `Dir::Cache=${state}/cache`];
  try {
    let options = [];
    if (!output('apt-cache', ['show', 'libdnnl-dev'])) {
      for (const name of ['lists/partial', 'cache/archives/partial']) mkdirSync(join(state, name), { recursive: true });
      options = lists;
      execFileSync('apt-get', [...options, 'update', '-qq'], { stdio: ['ignore', 'ignore', 'inherit'] });
    }
    const depends = output('apt-cache', [...options, 'depends', 'libdnnl-dev']);
    const runtime = [...depends.matchAll(/Depends: (libdnnl\d\S*)/g)].map((match) => match[1]);
    const packages = ['libdnnl-dev', ...runtime, 'ocl-icd-libopencl1', 'libgomp1'];
    // apt's download user cannot write into a private folder; what it says about that is of no use.
    execFileSync('apt-get', [...options, 'download', '-qq', ...packages], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
}

/** Paths of oneDNN and what it needs beyond the C++ runtime, as the given CPU library finds them. */
export function runtimeLibraries(library, oneDnn) {
  const folders = oneDnn ? [join(oneDnn, 'usr/lib', `${machine()}-linux-gnu`), join(oneDnn, 'usr/lib')] : [];
  const search = [...folders, process.env.LD_LIBRARY_PATH ?? ''].join(':');
  const text = execFileSync('ldd', [library], { ...quiet, env: { ...process.env, LD_LIBRARY_PATH: search } });
  return [...text.matchAll(/lib(?:dnnl|OpenCL|gomp)\.so\.\d+ => (\/\S+)/g)].map((match) => match[1]);
}

const machine = () => output('uname', ['-m']).trim();
