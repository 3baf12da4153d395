// Runs when the package is installed: takes the prebuilt addon where it works on this machine, else builds it.
import { spawnSync } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

// In a process of its own: a library of another machine may do worse than throw.
const probe = `require('node-gyp-build')(${JSON.stringify(root)}).openDevice('cpu', {})`;
const { status } = spawnSync(process.execPath, ['-e', probe], { cwd: root, stdio: 'ignore' });
if (status !== 0 || process.env.npm_config_build_from_source) {
  const built = spawnSync(process.execPath, [join(root, 'scripts/build.mjs')], { stdio: 'inherit' });
  process.exitCode = built.status ?? 1;
}
