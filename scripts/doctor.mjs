// `hornet doctor [--json]` tells what of Hornet, the CPU and the GPU works on this machine, and names the
// command that mends the rest. The exit status is 0 where everything works that should: without a GPU that is the CPU.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { probe } from './probe.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const INSTALL = 'npx hornet install-cuda';
const UPDATE = "install or update NVIDIA's driver, then restart the machine";

/** NVIDIA's cards on the bus, which show without a driver, too. */
export function countCards(bus = '/sys/bus/pci/devices') {
  const read = (card, file) => {
    try {
      return readFileSync(join(bus, card, file), 'utf8').trim();
    } catch {
      return '';
    }
  };
  const cards = existsSync(bus) ? readdirSync(bus) : [];
  // Class 03 is display: VGA (0300) and 3D controllers (0302).
  return cards.filter((card) => read(card, 'vendor') === '0x10de' && read(card, 'class').startsWith('0x03')).length;
}

/** Everything that is asked of the machine. */
export function gatherFacts() {
  const addon = probe('addon');
  const cpu = probe('cpu');
  const cuda = cpu.answer ? probe('cuda') : { problem: 'the addon cannot be loaded' };
  const gpu = cuda.answer?.usable ? probe('gpu') : null;
  return { addon, cpu, cuda, gpu, cards: countCards(), wanted: process.env.HORNET_DEVICE || null };
}

const gigabytes = (bytes) => `${(bytes / 1e9).toFixed(1)} GB`;

/**
 * What the facts mean: lines of checks (`ok` is null where something is missing that nobody needs), the device that
 * training uses by default, and whether all that should work does.
 */
export function judge({ addon, cpu, cuda, gpu, cards, wanted }) {
  const checks = [];
  const check = (name, ok, text, remedy = null) => checks.push({ name, ok, text, remedy });

  if (addon.answer) check('addon', true, addon.answer);
  else check('addon', false, addon.problem, 'npx hornet build');
  if (cpu.answer) {
    const { library, level, threads, memoryBytes } = cpu.answer;
    check('CPU', true, `${library}, ${level}, ${threads} threads, ${gigabytes(memoryBytes)}`);
  } else check('CPU', false, cpu.problem, 'npx hornet build');

  const { gpus = [], libraries = [], usable = false, problem = null } = cuda.answer ?? {};
  // Where a GPU is, or was asked for, all of the rest must work; elsewhere it is only told.
  const needed = gpus.length > 0 || cards > 0 || problem !== null || (wanted?.startsWith('cuda') ?? false);
  const missing = needed ? false : null;
  if (cuda.answer) {
    for (const { name, memoryBytes, capability, problem: wrong, index } of gpus) {
      const text = `${name}, ${gigabytes(memoryBytes ?? 0)}, compute capability ${capability}`;
      check(`GPU ${index}`, wrong === null, wrong ?? text);
    }
    if (gpus.length === 0) check('GPU', missing, cards > 0 ? 'there is one, but the driver does not show it' : 'none');
    for (const { name, path, origin, version, problem: wrong } of libraries) {
      const isDriver = name === 'driver';
      if (wrong === null) check(name, true, `${isDriver ? 'CUDA ' : ''}${version}, ${path} (${origin})`);
      else check(name, missing, wrong, isDriver ? UPDATE : INSTALL);
    }
    if (problem !== null) check('driver', false, problem, UPDATE);
    if (gpu?.answer) check('CUDA backend', true, `${gpu.answer.library}, ${gpu.answer.level}`);
    else if (gpu) check('CUDA backend', false, gpu.problem, null);
  } else if (cpu.answer) {
    if (cards > 0) check('GPU', false, 'there is one, but this build cannot use it');
    check('CUDA backend', missing, cuda.problem, `${INSTALL} && npx hornet build`);
  }
  const gpuWorks = usable && Boolean(gpu?.answer);
  const device = !cpu.answer ? null : gpuWorks ? `cuda:${gpus.find((each) => each.problem === null).index}` : 'cpu';
  const ok = Boolean(cpu.answer) && (!needed || gpuWorks);
  return { ok, device: device && (wanted ?? device), checks };
}

/** The report as people read it. */
export function render({ ok, device, checks }) {
  const width = Math.max(...checks.map(({ name }) => name.length)) + 2;
  const mark = { true: '✓', false: '✗', null: '–' };
  const lines = checks.flatMap(({ name, ok: works, text, remedy }) => {
    const line = `${mark[works]} ${name.padEnd(width)}${text}`;
    // The text of a missing library names the command already.
    return works === false && remedy && !text.includes(remedy) ? [line, `  ${' '.repeat(width)}→ ${remedy}`] : [line];
  });
  const conclusion = device === null ? 'Nothing can run before that is mended.' : `Work runs on ${device}.`;
  const rest = device !== null && !ok ? ' The GPU cannot be used before that is mended.' : '';
  return [...lines, '', conclusion + rest].join('\n');
}

/** The command; gives the exit status. */
export function main(args) {
  const { values } = parseArgs({ args, options: { json: { type: 'boolean', default: false } } });
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const facts = gatherFacts();
  const report = judge(facts);
  const machine = { hornet: version, node: process.version, platform: `${process.platform}-${process.arch}` };
  if (values.json) console.log(JSON.stringify({ ...machine, ...report, cuda: facts.cuda.answer ?? null }, null, 2));
  else console.log(`hornet ${version}, Node.js ${process.version}, ${machine.platform}\n\n${render(report)}`);
  return report.ok ? 0 : 1;
}
