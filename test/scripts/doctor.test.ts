// `hornet doctor`: what it makes of facts, and what it says on this machine.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Check {
  readonly name: string;
  readonly ok: boolean | null;
  readonly text: string;
  readonly remedy: string | null;
}
interface Report {
  readonly ok: boolean;
  readonly device: string | null;
  readonly checks: readonly Check[];
}
const source: string = '../../scripts/doctor.mjs';
const { countCards, judge, render } = (await import(source)) as {
  countCards: (bus: string) => number;
  judge: (facts: unknown) => Report;
  render: (report: Report) => string;
};

const cpu = { answer: { library: 'oneDNN 2.6', level: 'v4', threads: 8, memoryBytes: 64e9 } };
const addon = { answer: '/app/node_modules/hornet/prebuilds/linux-x64/hornet.node' };
const found = (name: string, version: string) => ({
  name,
  path: `/lib/${name}`,
  origin: 'cache',
  version,
  problem: null,
});
const missing = (name: string, problem: string) => ({ name, path: null, origin: null, version: null, problem });
const libraries = [
  found('driver', '13.0'),
  found('NVRTC', '13.0'),
  found('cuBLAS', '13.1.1'),
  found('cuDNN', '9.24.0'),
];
const h200 = { index: 0, name: 'NVIDIA H200', memoryBytes: 139.8e9, capability: '9.0', problem: null };
const cuda = { answer: { usable: true, problem: null, gpus: [h200], libraries } };
const gpu = { answer: { library: 'cuDNN 9.24.0, cuBLAS 13.1.1', level: 'sm_90' } };
const facts = { addon, cpu, cuda, gpu, cards: 1, wanted: null };

const wrong = ({ checks }: Report): string[] => checks.filter(({ ok }) => ok === false).map(({ name }) => name);

test('a machine on which all works', () => {
  const report = judge(facts);
  expect(report).toMatchObject({ ok: true, device: 'cuda:0' });
  expect(wrong(report)).toEqual([]);
  expect(render(report)).toBe(
    [
      '✓ addon         /app/node_modules/hornet/prebuilds/linux-x64/hornet.node',
      '✓ CPU           oneDNN 2.6, v4, 8 threads, 64.0 GB',
      '✓ GPU 0         NVIDIA H200, 139.8 GB, compute capability 9.0',
      '✓ driver        CUDA 13.0, /lib/driver (cache)',
      '✓ NVRTC         13.0, /lib/NVRTC (cache)',
      '✓ cuBLAS        13.1.1, /lib/cuBLAS (cache)',
      '✓ cuDNN         9.24.0, /lib/cuDNN (cache)',
      '✓ CUDA backend  cuDNN 9.24.0, cuBLAS 13.1.1, sm_90',
      '',
      'Work runs on cuda:0.',
    ].join('\n'),
  );
});

test('a machine without a GPU is fine, and is told soberly', () => {
  const nothing = libraries.map(({ name }) => missing(name, `${name} was not found`));
  const without = { ...facts, cuda: { answer: { ...cuda.answer, usable: false, gpus: [], libraries: nothing } } };
  const report = judge({ ...without, gpu: null, cards: 0 });
  expect(report).toMatchObject({ ok: true, device: 'cpu' });
  expect(report.checks.map(({ ok }) => ok)).toEqual([true, true, null, null, null, null, null]);
  expect(render(report)).toMatch(/– GPU {5}none\n– driver {2}driver was not found\n[^]*\n\nWork runs on cpu\.$/);
  const plain = judge({ ...facts, cuda: { problem: 'this build has no CUDA backend' }, gpu: null, cards: 0 });
  expect(plain).toMatchObject({ ok: true, device: 'cpu' });
  expect(judge({ ...without, gpu: null, cards: 0, wanted: 'cuda' }).ok).toBe(false);
});

test('a GPU that cannot be used is an error with the command that mends it', () => {
  const noCudnn = [...libraries.slice(0, 3), missing('cuDNN', 'was not found. Get it with: npx hornet install-cuda')];
  const lacking = { answer: { ...cuda.answer, usable: false, libraries: noCudnn } };
  const report = judge({ ...facts, cuda: lacking, gpu: null });
  expect(report).toMatchObject({ ok: false, device: 'cpu' });
  expect(wrong(report)).toEqual(['cuDNN']);
  expect(report.checks.find(({ name }) => name === 'cuDNN')!.remedy).toBe('npx hornet install-cuda');
  expect(render(report)).toContain('The GPU cannot be used before that is mended');

  const noDriver = [missing('driver', 'was not found'), ...libraries.slice(1)];
  const unseen = { answer: { ...cuda.answer, usable: false, gpus: [], libraries: noDriver } };
  expect(wrong(judge({ ...facts, cuda: unseen, gpu: null }))).toEqual(['GPU', 'driver']);
  const stuck = { answer: { ...cuda.answer, usable: false, gpus: [], problem: 'the driver does not start' } };
  expect(wrong(judge({ ...facts, cuda: stuck, gpu: null, cards: 0 }))).toContain('driver');
  const old = { ...h200, problem: 'compute capability 7.0 is too old; Hornet needs 7.5' };
  const tooOld = { answer: { ...cuda.answer, usable: false, gpus: [old] } };
  expect(wrong(judge({ ...facts, cuda: tooOld, gpu: null }))).toEqual(['GPU 0']);
  expect(wrong(judge({ ...facts, cuda: { problem: 'no CUDA backend' }, gpu: null }))).toEqual(['GPU', 'CUDA backend']);
  expect(wrong(judge({ ...facts, gpu: { problem: 'it crashed' } }))).toEqual(['CUDA backend']);
});

test('an addon that cannot be loaded is an error', () => {
  const problem = 'No native build was found';
  const report = judge({ ...facts, addon: { problem }, cpu: { problem }, cuda: { problem }, gpu: null, cards: 0 });
  expect(report).toMatchObject({ ok: false, device: null });
  expect(render(report)).toContain('→ npx hornet build');
});

test('cards show on the bus', () => {
  const bus = mkdtempSync(join(tmpdir(), 'hornet-bus-'));
  const card = (name: string, vendor: string, kind: string): void => {
    mkdirSync(join(bus, name));
    writeFileSync(join(bus, name, 'vendor'), `${vendor}\n`);
    writeFileSync(join(bus, name, 'class'), `${kind}\n`);
  };
  card('0000:01:00.0', '0x10de', '0x030200');
  card('0000:01:00.1', '0x10de', '0x040300'); // its sound
  card('0000:02:00.0', '0x1002', '0x030000');
  card('0000:03:00.0', '0x10de', '0x030000');
  mkdirSync(join(bus, 'odd'));
  expect(countCards(bus)).toBe(2);
  expect(countCards(join(bus, 'nowhere'))).toBe(0);
  rmSync(bus, { recursive: true });
});

test('the command reports on this machine, as text and as JSON', () => {
  const script = join(import.meta.dirname, '../../scripts/hornet.mjs');
  const run = (...args: string[]) => spawnSync(process.execPath, [script, 'doctor', ...args], { encoding: 'utf8' });
  const text = run();
  const report = JSON.parse(run('--json').stdout) as Report;
  expect(text.status).toBe(report.ok ? 0 : 1);
  expect(text.stdout).toMatch(/^hornet \d+\.\d+\.\d+, Node\.js v\d+[^]*✓ addon[^]*✓ CPU[^]*Work runs on /);
  expect(report.checks.slice(0, 2).map(({ name, ok }) => [name, ok])).toEqual([
    ['addon', true],
    ['CPU', true],
  ]);
});
