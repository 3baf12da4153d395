// `hornet install-cuda` with a python3 that plays pip: nothing is fetched.
import { spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const command = join(import.meta.dirname, '../../scripts/hornet.mjs');
const source: string = '../../scripts/install-cuda.mjs';
const { chooseMajor, explainFailure } = (await import(source)) as {
  chooseMajor: (asked: string | undefined, driver: number[] | null) => number;
  explainFailure: (words: string, wanted: string[]) => string;
};

/** Any shared library: it has to open, not to do anything. */
const anyLibrary = /\/\S*\/libm\.so\S*/.exec(readFileSync('/proc/self/maps', 'utf8'))![0];

const pip = `#!/bin/sh
[ "$PIP" = missing ] && exit 1
[ "$3" = --version ] && exit 0
echo "$@" >> "$LOG"
while [ "$1" != --target ]; do shift; done
target=$2
echo "Downloading wheels (553.2 MB)"
mkdir -p "$target/nvidia/cu13/lib" "$target/nvidia/cudnn/lib" "$target/nvidia_cublas-13.1.1.3.dist-info"
case "$PIP" in
  hang) exec sleep 20 ;;
  offline) echo "ERROR: NewConnectionError: Failed to establish a new connection" >&2; exit 1 ;;
esac
cp "$LIBRARY" "$target/nvidia/cudnn/lib/libcudnn.so.9"
for major in 12 13; do
  cp "$LIBRARY" "$target/nvidia/cu13/lib/libnvrtc.so.$major"
  [ "$PIP" = incomplete ] || cp "$LIBRARY" "$target/nvidia/cu13/lib/libcublasLt.so.$major"
done
`;

let folder: string, cache: string, bin: string;

function addTool(name: string, script: string): void {
  writeFileSync(join(bin, name), script);
  chmodSync(join(bin, name), 0o755);
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hornet-install-'));
  [cache, bin] = [join(folder, 'cache'), join(folder, 'bin')];
  mkdirSync(bin);
  for (const tool of ['sleep', 'mkdir', 'cp']) {
    symlinkSync(spawnSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).stdout.trim(), join(bin, tool));
  }
  addTool('python3', pip);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const environment = (mode: string): NodeJS.ProcessEnv => ({
  PATH: bin,
  HOME: folder,
  HORNET_CACHE: cache,
  LIBRARY: anyLibrary,
  LOG: join(folder, 'log'),
  PIP: mode,
});

const run = (args: string[] = [], mode = 'works'): SpawnSyncReturns<string> =>
  spawnSync(process.execPath, [command, 'install-cuda', ...args], { env: environment(mode), encoding: 'utf8' });

/** Arguments of each `pip install`. */
const installs = (): string[] =>
  existsSync(join(folder, 'log')) ? readFileSync(join(folder, 'log'), 'utf8').trim().split('\n') : [];

test('fetches, puts into place and tells what it was; a second run fetches nothing', () => {
  const first = run();
  expect(first.stderr).toBe('');
  expect(first.status).toBe(0);
  expect(first.stdout).toContain('Downloading wheels (553.2 MB)');
  expect(first.stdout).toContain(`CUDA's libraries are in ${join(cache, 'cuda')}`);
  expect(first.stdout).toMatch(/nvidia-cublas 13\.1\.1\.3\n.* GB in all/);
  expect(readdirSync(cache)).toEqual(['cuda']);
  expect(readdirSync(join(cache, 'cuda')).sort()).toEqual([
    'hornet-cuda.json',
    'nvidia',
    'nvidia_cublas-13.1.1.3.dist-info',
  ]);
  expect(installs()).toHaveLength(1);
  expect(installs()[0]).toMatch(
    /--no-deps .* nvidia-cublas nvidia-cudnn-cu13 nvidia-cuda-nvrtc nvidia-cuda-runtime nvidia-cuda-crt$/,
  );

  expect(run().status).toBe(0);
  expect(installs()).toHaveLength(1);
  expect(run(['--nccl']).status).toBe(0);
  expect(installs()[1]).toMatch(/ nvidia-nccl-cu13$/);
  expect(run(['--force']).status).toBe(0);
  expect(installs()).toHaveLength(3);
});

test('follows the driver, and what was asked for', () => {
  addTool('nvidia-smi', '#!/bin/sh\necho "| Driver Version: 550.54.14   CUDA Version: 12.4 |"\n');
  expect(run().status).toBe(0);
  expect(installs()[0]).toMatch(/nvidia-cublas-cu12 nvidia-cudnn-cu12 nvidia-cuda-nvrtc-cu12$/);
  const refused = run(['--cuda', '13']);
  expect(refused.status).toBe(1);
  expect(refused.stderr).toMatch(/the driver is for CUDA 12\.4: update it, or get the libraries with --cuda 12/);
  expect([chooseMajor(undefined, null), chooseMajor('12', null), chooseMajor(undefined, [13, 1])]).toEqual([
    13, 12, 13,
  ]);
  expect(() => chooseMajor('11', null)).toThrow('expected --cuda to be 12 or 13, received 11');
  expect(() => chooseMajor(undefined, [11, 8])).toThrow('the driver is for CUDA 11.8');
});

test('a failure leaves what was there, and says what to do', () => {
  expect(run().status).toBe(0);
  const offline = run(['--force'], 'offline');
  expect(offline.status).toBe(1);
  expect(offline.stderr).toMatch(/pip could not reach its package index.*mirror.*copy the folder/);
  const incomplete = run(['--force'], 'incomplete');
  expect(incomplete.status).toBe(1);
  expect(incomplete.stderr).toContain('the wheels hold no libcublasLt.so.13');
  expect(readdirSync(cache)).toEqual(['cuda']);
  expect(run().status).toBe(0);
  expect(installs()).toHaveLength(3);
  expect(explainFailure('OSError: [Errno 28] No space left on device', [])).toContain('the disk is full');
  expect(explainFailure('ERROR: No matching distribution found for x', ['x'])).toContain('no wheels of x');
});

test.each(['SIGTERM', 'SIGINT', 'SIGKILL'] as const)(
  '%s leaves nothing that a later run cannot clean up',
  async (signal) => {
    const child = spawn(process.execPath, [command, 'install-cuda'], {
      env: environment('hang'),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const ended = once(child, 'close') as Promise<[number | null]>;
    let errors = '';
    child.stderr.on('data', (chunk) => (errors += String(chunk)));
    while (installs().length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill(signal);
    if (signal === 'SIGKILL') {
      // What plays pip lives on: it is not the test's to look for.
      await once(child, 'exit');
      expect(readdirSync(cache)).toEqual([`cuda.partial-${child.pid}`]);
    } else {
      expect((await ended)[0]).toBe(1);
      expect(errors).toContain('interrupted; nothing was installed');
      expect(readdirSync(cache)).toEqual([]);
    }
    expect(run().status).toBe(0);
    expect(readdirSync(cache)).toEqual(['cuda']);
  },
);

test('a folder that was about to be replaced comes back', () => {
  expect(run().status).toBe(0);
  const dead = spawnSync('true').pid;
  spawnSync('mv', [join(cache, 'cuda'), join(cache, `cuda.old-${dead}`)]);
  expect(run().status).toBe(0);
  expect(readdirSync(cache)).toEqual(['cuda']);
  expect(installs()).toHaveLength(1);
});

test('without python or pip, names the command that gets them', () => {
  const noPip = run([], 'missing');
  expect(noPip.status).toBe(1);
  expect(noPip.stderr).toContain('python3 has no pip. Debian, Ubuntu: apt-get install python3-pip');
  rmSync(join(bin, 'python3'));
  const noPython = run();
  expect(noPython.status).toBe(1);
  expect(noPython.stderr).toContain('apt-get install python3 python3-pip');
  expect(run(['--what']).status).toBe(2);
});
