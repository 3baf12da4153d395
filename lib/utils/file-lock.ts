// A lock between processes: a file that is there while one of them works on something. Whoever holds it touches it again
// and again, so that what a killed process has left is told from what is held.
import { open, readFile, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from '../saving/atomic.js';

/** Milliseconds between two touches, and between two looks at a lock that another holds. */
const BEAT = 1000;
const LOOK = 100;

/** A lock is left when it has not been touched for so long, in milliseconds; earlier when its process is known to be dead. */
const LEFT = 60_000;
const LEFT_BY_DEAD = 3 * BEAT;

/** Runs `use` while no other process, and no other call of this one, does so under the same lock file. */
export async function withFileLock<T>(path: string, use: () => Promise<T>): Promise<T> {
  while (!(await create(path))) {
    if (await isLeft(path)) await removeLeft(path);
    else await sleep(LOOK);
  }
  const beat = setInterval(() => void touch(path), BEAT);
  beat.unref();
  try {
    return await use();
  } finally {
    clearInterval(beat);
    await rm(path, { force: true });
  }
}

async function create(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    await file.writeFile(`${hostname()} ${process.pid}`).finally(() => file.close());
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function touch(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now).catch(() => undefined);
}

async function isLeft(path: string): Promise<boolean> {
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Infinity }));
  const age = Date.now() - mtimeMs;
  if (age < LEFT_BY_DEAD) return false;
  if (age > LEFT) return true;
  const [host, pid] = (await readFile(path, 'utf8').catch(() => '')).split(' ');
  return host === hostname() && !isAlive(Number(pid));
}

/** Two processes may find the same lock left: the second must not remove what the first has made since. */
async function removeLeft(path: string): Promise<void> {
  const guard = `${path}.break`;
  if (!(await create(guard))) {
    if (await isLeft(guard)) await rm(guard, { force: true });
    await sleep(LOOK);
    return;
  }
  try {
    if (await isLeft(path)) await rm(path, { force: true });
  } finally {
    await rm(guard, { force: true });
  }
}
