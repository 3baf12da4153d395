#!/usr/bin/env node
// Fills prebuilds/ by prebuildify: the addon, a CPU library per instruction set level, and oneDNN with what it needs.
// HORNET_LEVELS chooses the levels (default v2,v3,v4; `native` is the machine's own).
// prebuildify calls a node-gyp to build; this same file stands in for it.
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureOneDnn, runtimeLibraries } from './onednn.mjs';

const self = fileURLToPath(import.meta.url);
const root = resolve(dirname(self), '..');
// Apart from build/Release, because prebuildify moves the addon away.
const folder = join(root, 'build', 'prebuild');

if (process.argv[2] === 'rebuild') {
  buildAll();
} else {
  const prebuildify = createRequire(import.meta.url)('prebuildify');
  mkdirSync(folder, { recursive: true });
  rmSync(join(root, 'prebuilds'), { recursive: true, force: true });
  const options = { name: 'hornet', cwd: folder, out: root, nodeGyp: self, napi: true, strip: true, tagLibc: true };
  prebuildify({ ...options, targets: [process.version] }, (error) => {
    if (error) {
      console.error(`hornet: ${error.message}`);
      process.exitCode = 1;
    } else {
      copyLicenses();
    }
  });
}

function buildAll() {
  const levels = process.env.HORNET_LEVELS ?? (process.arch === 'x64' ? 'v2,v3,v4' : 'native');
  const release = join(folder, 'build', 'Release');
  rmSync(release, { recursive: true, force: true });
  // The machine's own level is what build/ holds or is going to: nothing is compiled twice.
  const out = levels === 'native' ? join(root, 'build') : join(folder, 'build');
  const args = [join(root, 'scripts/build.mjs'), '--levels', levels, '--out', out, '--prebuilt'];
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (status !== 0) process.exit(1);
  if (levels === 'native') cpSync(join(out, 'Release'), release, { recursive: true });
  const library = readdirSync(release).find((name) => name.startsWith('libhornet_cpu_'));
  // prebuildify takes the shared libraries that lie beside the addon.
  for (const path of runtimeLibraries(join(release, library), ensureOneDnn(root))) {
    copyFileSync(path, join(release, basename(path)));
  }
}

/** The terms of the libraries that travel with the addon, as the distribution states them. */
function copyLicenses() {
  const target = join(root, 'prebuilds', `${process.platform}-${process.arch}`, 'licenses');
  mkdirSync(target);
  const documents = join(ensureOneDnn(root) || '/', 'usr/share/doc');
  for (const name of existsSync(documents) ? readdirSync(documents) : []) {
    const file = join(documents, name, 'copyright');
    if (/^(libdnnl\d.*|ocl-icd-libopencl1|libgomp1)$/.test(name) && existsSync(file)) {
      copyFileSync(file, join(target, `${name}.txt`));
    }
  }
}
