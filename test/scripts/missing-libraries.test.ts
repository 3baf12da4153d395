// A machine with a GPU and without its libraries, by a driver that is none: what is chosen, and what is said.
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import 'hornet';
import { loadAddon } from '../../lib/native.js';

const root = join(import.meta.dirname, '../..');

function hasCuda(): boolean {
  try {
    loadAddon().countGpus();
    return true;
  } catch {
    return false;
  }
}

const suite = hasCuda() ? describe : describe.skip;

suite('with a GPU whose libraries are missing (skipped where the addon is built without CUDA)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hornet-driver-'));

  beforeAll(() => {
    const args = ['-shared', '-fPIC', '-o', join(folder, 'libcuda.so.1'), join(import.meta.dirname, 'fake-driver.c')];
    expect(spawnSync(process.env.CC ?? 'cc', args, { encoding: 'utf8' })).toMatchObject({ status: 0 });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const run = (args: string[], variables: Record<string, string> = {}): SpawnSyncReturns<string> => {
    const own = { HORNET_CUDA_LIBRARIES: folder, HOME: folder, NODE_OPTIONS: '', HORNET_DEVICE: '', CUDA_HOME: '' };
    return spawnSync(process.execPath, args, {
      env: { ...process.env, ...own, ...variables },
      encoding: 'utf8',
      cwd: root,
    });
  };

  test('the CPU is used, with one line on stderr', () => {
    const code = `import { devices, tensor } from './lib/index.ts';
      console.log(tensor(1).device.name, devices().map(({ name }) => name).join());
      tensor(1).to('cuda').catch((error) => console.log(error.message));`;
    const { stdout, stderr } = run(['--import', 'tsx', '--input-type=module', '-e', code]);
    expect(stderr).toMatch(
      /^hornet: Fake GPU is not used: NVRTC .*npx hornet install-cuda \(HORNET_DEVICE=cpu silences this\)\n$/,
    );
    expect(stdout).toMatch(/^cpu cpu\n\[cuda\] /);
    expect(run(['--import', 'tsx', '--input-type=module', '-e', code], { HORNET_DEVICE: 'cpu' }).stderr).toBe('');
  });

  test('the doctor says what is missing', () => {
    const { stdout, status } = run(['scripts/hornet.mjs', 'doctor']);
    expect(status).toBe(1);
    expect(stdout).toMatch(
      /✓ GPU 0 +Fake GPU, 8\.0 GB, compute capability 9\.0\n✓ driver +CUDA 12\.4, .*\(environment\)/,
    );
    expect(stdout).toMatch(
      /✗ cuDNN +cuDNN \(libcudnn\.so\.9\) was not found: .* Get it with: npx hornet install-cuda\n/,
    );
    expect(stdout).toContain('Work runs on cpu. The GPU cannot be used before that is mended.');
  });
});
