// Builds and runs the native tests; with --sanitize under AddressSanitizer and UndefinedBehaviorSanitizer.
// Any other argument chooses the tests whose names contain it.
import { spawnSync } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const { values, positionals } = parseArgs({
  options: { sanitize: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const out = join(root, 'build', values.sanitize ? 'sanitized' : '');
const flags = ['--tests', '--target=hornet_tests', `--out=${out}`, ...(values.sanitize ? ['--sanitize'] : [])];

function run(command, args, env = {}) {
  const { status } = spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...env } });
  if (status !== 0) process.exit(status ?? 1);
}

run(process.execPath, [join(root, 'scripts/build.mjs'), ...flags]);
run(join(out, 'tests', 'hornet_tests'), positionals, {
  OMP_WAIT_POLICY: 'passive',
  // Threads of OpenMP keep their memory until the process ends.
  LSAN_OPTIONS: `suppressions=${join(root, 'native/test/leaks.txt')}:print_suppressions=0`,
  UBSAN_OPTIONS: 'print_stacktrace=1',
});
