// Archives unpacked into a directory: tar (also gzipped) and zip. What would land, or lead, outside is an error.
import { mkdir, open, rename, readdir, rm } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { constants, gunzipSync } from 'node:zlib';
import * as tar from 'tar';
import { HornetError } from '../errors.js';
import { ZipReader } from '../saving/zip.js';

/** How a file may be packed. */
export type ArchiveFormat = 'tar' | 'zip';

/**
 * Unpacks an archive. The directory shows whole files only: they are written beside it, then moved.
 *
 * @param formats - What is tried.
 * @returns Whether the file is an archive of one of the formats.
 */
export async function extractArchive(
  path: string,
  directory: string,
  formats: readonly ArchiveFormat[],
  where: string,
): Promise<boolean> {
  const format = await formatOf(path, where);
  if (format === null || !formats.includes(format)) return false;
  const beside = `${directory}.part`;
  await rm(beside, { recursive: true, force: true });
  await mkdir(beside, { recursive: true });
  try {
    await (format === 'tar' ? extractTar : extractZip)(path, beside, where);
    await moveInto(beside, directory);
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
  return true;
}

async function formatOf(path: string, where: string): Promise<ArchiveFormat | null> {
  const file = await open(path, 'r');
  const { buffer, bytesRead } = await file.read(Buffer.alloc(2 ** 16), 0).finally(() => file.close());
  let head = buffer.subarray(0, bytesRead);
  if (['PK\x03\x04', 'PK\x05\x06'].includes(head.toString('latin1', 0, 4))) return 'zip';
  if (head.toString('latin1', 0, 3) === 'BZh' || head.toString('latin1', 1, 5) === '7zXZ') {
    throw new HornetError(where, `${path} is packed with bzip2 or xz, expected gzip, plain tar or zip`);
  }
  if (head[0] === 0x1f && head[1] === 0x8b) {
    try {
      head = gunzipSync(head, { finishFlush: constants.Z_SYNC_FLUSH });
    } catch {
      return null;
    }
  }
  try {
    return head.length >= 512 && new tar.Header(head).cksumValid ? 'tar' : null;
  } catch {
    return null; // Numbers in it that are none.
  }
}

async function extractZip(path: string, directory: string, where: string): Promise<void> {
  await ZipReader.read(path, where, async (zip) => {
    for (const name of zip.names) {
      const target = inside(path, directory, name, where);
      await mkdir(name.endsWith('/') ? target : dirname(target), { recursive: true });
      if (!name.endsWith('/')) await zip.extract(name, target);
    }
  });
}

async function extractTar(path: string, directory: string, where: string): Promise<void> {
  const refused: HornetError[] = [];
  try {
    await tar.extract({
      file: path,
      cwd: directory,
      strict: true,
      preserveOwner: false,
      // What a filter throws would be lost among the callbacks of streams.
      filter: (name, entry) => {
        try {
          checkTarEntry(path, directory, name, entry as tar.ReadEntry, where);
        } catch (error) {
          refused.push(error as HornetError);
        }
        return refused.length === 0;
      },
    });
  } catch (error) {
    throw refused[0] ?? new HornetError(where, `${path} is damaged: ${(error as Error).message}`, { cause: error });
  }
  if (refused.length > 0) throw refused[0];
}

/** An entry and what it links to must be inside; where a symbolic link leads depends on where it is. */
function checkTarEntry(path: string, directory: string, name: string, entry: tar.ReadEntry, where: string): void {
  inside(path, directory, name, where);
  const link = entry.linkpath ?? '';
  if (entry.type === 'Link') inside(path, directory, link, where);
  if (entry.type !== 'SymbolicLink') return;
  // A `..` behind a name leads elsewhere when that name is a link itself.
  const isPlain = !isAbsolute(link) && !/[^./][^/]*\/(.*\/)?\.\.(\/|$)/.test(link);
  inside(path, directory, isPlain ? join(dirname(name), link) : '..', where, `${name} -> ${link}`);
}

/** The place of a member. */
function inside(path: string, directory: string, name: string, where: string, shown = name): string {
  const target = resolve(directory, name);
  if (!isAbsolute(name) && `${target}${sep}`.startsWith(`${directory}${sep}`)) return target;
  throw new HornetError(where, `${path} holds '${shown}', which leads out of the directory it is unpacked into`);
}

/** Moves what is in a directory into another, file by file where both have it. */
async function moveInto(source: string, target: string): Promise<void> {
  await mkdir(target, { recursive: true });
  for (const entry of await readdir(source, { withFileTypes: true })) {
    const [from, to] = [join(source, entry.name), join(target, entry.name)];
    try {
      await rename(from, to);
    } catch (error) {
      if (!entry.isDirectory()) throw error;
      await moveInto(from, to);
    }
  }
}
