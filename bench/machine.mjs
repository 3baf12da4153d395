// The place where a benchmark runs: what it is, how busy it is, which commit is measured.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';

/** The machine. `load`: processes at work, this one's included; add to it as time goes by. */
export const machine = () => ({
  cpu: cpus()[0].model,
  cores: availableParallelism(),
  memoryGB: Math.round(totalmem() / 2 ** 30),
  system: `Linux ${release()}`,
  load: [loadavg()[0]],
});

/** What results are called: the day and the processor. */
export const nameOf = (date, processor) => `${date}-${processor.replace(/[^A-Za-z0-9]+/g, '-').toLowerCase()}`;

/** The day. */
export const today = () => new Date().toISOString().slice(0, 10);

/** The commit, with a plus where something that is measured has been changed. */
export function commitOf(root) {
  const known = join(root, 'commit');
  if (existsSync(known)) return readFileSync(known, 'utf8').trim();
  const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
  const changed = git('status', '--porcelain', '--', 'lib', 'native', 'bench', ':!bench/results') !== '';
  return git('rev-parse', '--short', 'HEAD') + (changed ? '+' : '');
}

/** The name of the first GPU. */
export function gpuOf() {
  try {
    const args = ['--query-gpu=name', '--format=csv,noheader'];
    return execFileSync('nvidia-smi', args, { encoding: 'utf8' }).trim().split('\n')[0];
  } catch {
    return 'GPU';
  }
}
