// Finds oneDNN on this system, or unpacks the distribution's packages into build/onednn without root.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const HEADER = 'oneapi/dnnl/dnnl.hpp';

const works = (command, args) => {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

/** The version of the shared library that the development package links to, e.g. `libdnnl2`. */
function packages() {
  const text = execFileSync('apt-cache', ['depends', 'libdnnl-dev'], { encoding: 'utf8' });
  const runtime = [...text.matchAll(/Depends: (libdnnl\d\S*)/g)].map((match) => match[1]);
  return ['libdnnl-dev', ...runtime, 'ocl-icd-libopencl1', 'libgomp1'];
}

function download(folder) {
  // Lists of their own, so that neither root nor the system's state is needed.
  const state = mkdtempSync(join(tmpdir(), 'hornet-apt-'));
  const own = ['-o', `Dir::State::Lists=${state}`, '-o', `Dir::Cache=${state}`];
  try {
    const known = works('apt-cache', ['show', 'libdnnl-dev']) && works('apt-get', ['download', '--print-uris', 'libdnnl-dev']);
    if (!known) {
      mkdirSync(join(state, 'partial'));
      mkdirSync(join(state, 'archives', 'partial'), { recursive: true });
      execFileSync('apt-get', [...own, 'update', '-qq'], { stdio: ['ignore', 'ignore', 'inherit'] });
    }
    const options = known ? [] : own;
    execFileSync('apt-get', [...options, 'download', '-qq', ...packages()], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
}

/**
 * The folder below which oneDNN's headers and library lie: '' for the system's own. Downloads it where the
 * distribution has it; throws with the command that helps where it does not.
 */
export function ensureOneDnn(root) {
  if (['/usr/include', '/usr/local/include'].some((folder) => existsSync(join(folder, HEADER)))) return '';
  const target = resolve(root, 'build', 'onednn');
  if (existsSync(join(target, 'usr', 'include', HEADER))) return target;
  if (!works('apt-get', ['--version']) || !works('dpkg', ['--version'])) {
    throw new Error('oneDNN is missing. Install it (Fedora: dnf install onednn-devel; macOS: brew install onednn; conda: conda install -c conda-forge onednn) and run this again.');
  }
  console.log('hornet: oneDNN is not installed; unpacking the distribution\'s package into build/onednn');
  const partial = `${target}.partial-${process.pid}`;
  mkdirSync(partial, { recursive: true });
  try {
    download(partial);
    for (const file of readdirSync(partial).filter((name) => name.endsWith('.deb'))) {
      execFileSync('dpkg', ['-x', file, '.'], { cwd: partial });
      rmSync(join(partial, file));
    }
    rmSync(target, { recursive: true, force: true });
    renameSync(partial, target);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    throw new Error(`oneDNN could not be fetched (${error.message}). Install it with: apt-get install libdnnl-dev`, { cause: error });
  }
  return target;
}

/** The shared libraries that must lie beside the addon: oneDNN and what it needs beyond the C++ runtime. */
export function runtimeLibraries(root) {
  if (!root) return [];
  const found = new Map();
  const visit = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) visit(path);
      else if (/^lib(dnnl|OpenCL|gomp)\.so\.\d+$/.test(entry.name)) found.set(entry.name, path);
    }
  };
  visit(join(root, 'usr', 'lib'));
  return [...found.values()];
}
