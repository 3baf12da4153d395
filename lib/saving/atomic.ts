// Files that are replaced as a whole: written beside the old one, brought to the disk, renamed. A process that is killed
// at any moment leaves the old file or the new one.
import { access, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { HornetError } from '../errors.js';

let count = 0;

/** Leftovers of killed processes are removed when they are older than this, in milliseconds. */
const STALE = 3_600_000;

/**
 * Replaces a file by what `write` puts under the name that it is given; the directory is the same. If `write` fails, the
 * old file stays and nothing is left.
 *
 * @param where - Who writes, for errors.
 */
export function replaceFile<T>(path: string, where: string, write: (beside: string) => Promise<T>): Promise<T> {
  return replace(path, where, write, (beside) => rename(beside, path));
}

/**
 * Replaces a folder in the same way. There is no step that puts one folder in the place of another: who is killed between the
 * two that it takes leaves both under other names, the old one as `….old`.
 */
export function replaceFolder<T>(path: string, where: string, write: (beside: string) => Promise<T>): Promise<T> {
  return replace(path, where, write, async (beside) => {
    const old = `${beside}.old`;
    const isThere = await exists(path);
    if (isThere) await rename(path, old);
    await rename(beside, path);
    if (isThere) await rm(old, { recursive: true });
  });
}

async function replace<T>(
  path: string,
  where: string,
  write: (beside: string) => Promise<T>,
  put: (beside: string) => Promise<void>,
): Promise<T> {
  const beside = `${path}.${process.pid}.${count++}.tmp`;
  try {
    const result = await write(beside);
    await toDisk(beside, { deep: true });
    await put(beside);
    await toDisk(dirname(path));
    await removeLeftovers(path);
    return result;
  } catch (error) {
    await rm(beside, { recursive: true, force: true });
    if (error instanceof HornetError) throw error;
    throw new HornetError(where, `cannot write ${path}: ${(error as Error).message}`, { cause: error });
  }
}

async function toDisk(path: string, { deep = false } = {}): Promise<void> {
  if (deep && (await isFolder(path))) {
    for (const name of await readdir(path)) await toDisk(join(path, name), { deep });
  }
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Removes what killed processes have left beside a file. */
async function removeLeftovers(path: string): Promise<void> {
  const prefix = `${basename(path)}.`;
  for (const name of await readdir(dirname(path))) {
    if (!name.startsWith(prefix)) continue;
    const [, pid] = /^(\d+)\.\d+\.tmp(\.h5|\.old)?$/.exec(name.slice(prefix.length)) ?? [];
    if (pid === undefined || isAlive(Number(pid))) continue;
    await removeStale(join(dirname(path), name));
  }
}

/** Removes what nobody is still writing: the directory may be shared with machines whose processes cannot be seen from here. */
export async function removeStale(path: string): Promise<void> {
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Infinity }));
  if (Date.now() - mtimeMs > STALE) await rm(path, { recursive: true, force: true });
}

/** Whether a process of this machine is there. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Whether there is something of that name. */
export const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Whether there is a folder of that name. */
export const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
