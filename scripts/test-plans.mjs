// Builds and runs the tests that ask the real cuDNN for plans, for GPUs that are only described. The library is found as
// by Hornet itself; HORNET_CUDA_WHEELS, where the headers may come from, is one more place. Arguments choose tests by
// parts of their names; HORNET_TEST_ENGINES=1 lists the engines,
// HORNET_TEST_ALL=1 asks for all plans of attention, too.
import { spawnSync } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const { HORNET_CUDA_LIBRARIES, HORNET_CUDA_WHEELS } = process.env;
const libraries = HORNET_CUDA_LIBRARIES ?? HORNET_CUDA_WHEELS;
const env = libraries ? { ...process.env, HORNET_CUDA_LIBRARIES: libraries } : process.env;

function run(command, args) {
  const { status } = spawnSync(command, args, { stdio: 'inherit', env });
  if (status !== 0) process.exit(status ?? 1);
}

run(process.execPath, [join(root, 'scripts/build.mjs'), '--tests', '--target=cudnn_plans']);
run(join(root, 'build', 'tests', 'cudnn_plans'), process.argv.slice(2));
