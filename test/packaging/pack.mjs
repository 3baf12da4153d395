// The package as users get it: packed, installed into an empty folder with no compiler on the PATH, trained with there.
// Runs `npm run prebuild` for this machine's own level when there is no prebuilt addon, or one older than the sources.
import assert from 'node:assert';
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const folder = mkdtempSync(join(tmpdir(), 'hornet-pack-'));
let passed = 0;

function check(name, body) {
  const result = body();
  passed++;
  console.log(`✓ ${name}`);
  return result;
}

/** When the newest file of a folder was changed; never, for a folder without files. */
function newest(name) {
  const folder = join(root, name);
  const files = existsSync(folder) ? readdirSync(folder, { recursive: true }) : [];
  return Math.max(
    -Infinity,
    ...files
      .map((file) => statSync(join(folder, file)))
      .filter((stat) => stat.isFile())
      .map((stat) => stat.mtimeMs),
  );
}

const execute = (command, args, options) =>
  execFileSync(command, args, { encoding: 'utf8', stdio: 'pipe', ...options });

try {
  if (newest('prebuilds') < newest('native')) {
    execute('npm', ['run', 'prebuild'], { cwd: root, env: { ...process.env, HORNET_LEVELS: 'native' } });
  }

  const tarball = check('packs', () => {
    const [{ filename, files }] = JSON.parse(
      execute('npm', ['pack', '--json', '--pack-destination', folder], { cwd: root }),
    );
    const paths = files.map((file) => file.path);
    for (const wanted of [
      'dist/index.js',
      'dist/index.d.ts',
      'LICENSE',
      'README.md',
      'CMakeLists.txt',
      'native/addon.cpp',
    ]) {
      assert(paths.includes(wanted), `${wanted} is not in the package`);
    }
    assert(
      !paths.some((path) => /^(test|bench|node_modules|build)\//.test(path)),
      'the package holds what users do not need',
    );
    return join(folder, filename);
  });

  // Only what npm itself needs: no compiler, no cmake, no python.
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const which = (tool) => execute('bash', ['-c', `command -v ${tool}`]).trim();
  for (const tool of ['npm', 'npx', 'sh', 'env', 'uname']) symlinkSync(which(tool), join(bin, tool));
  symlinkSync(process.execPath, join(bin, 'node'));
  const app = join(folder, 'app');
  mkdirSync(app);
  writeFileSync(join(app, 'package.json'), '{ "name": "app", "private": true, "type": "module" }\n');
  const inside = { cwd: app, env: { PATH: bin, HOME: process.env.HOME, OMP_WAIT_POLICY: 'passive' } };

  check('installs without a compiler', () => {
    assert.throws(() => execute('sh', ['-c', 'command -v c++ || command -v g++ || command -v cmake'], inside));
    execute('npm', ['install', '--no-audit', '--no-fund', tarball], inside);
  });

  check('trains', () => {
    copyFileSync(join(here, 'train.mjs'), join(app, 'train.mjs'));
    console.log(`  ${execute('node', ['train.mjs'], inside).trim()}`);
  });

  check('its doctor finds the addon', () => {
    const { checks } = JSON.parse(execute('sh', ['-c', 'npx hornet doctor --json || true'], inside));
    assert.deepStrictEqual(
      checks.slice(0, 2).map(({ name, ok }) => [name, ok]),
      [
        ['addon', true],
        ['CPU', true],
      ],
    );
    assert(checks[0].text.startsWith(app), `the addon is from outside of the package: ${checks[0].text}`);
  });

  check('its declarations compile', () => {
    copyFileSync(join(here, 'consumer.ts'), join(app, 'consumer.ts'));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const options = '--noEmit --strict --target es2023 --module nodenext --lib es2023,esnext.disposable --types'.split(
      ' ',
    );
    const types = join(root, 'node_modules/@types');
    execute(process.execPath, [tsc, ...options, 'node', '--typeRoots', types, 'consumer.ts'], { cwd: app });
  });
  console.log(`${passed} passed, 0 failed`);
} catch (error) {
  console.error(error.message, error.stdout ?? '', error.stderr ?? '');
  console.log(`${passed} passed, 1 failed`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
