// Files of others, kept where Keras keeps them: brought once, checked, unpacked where that is asked for.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, constants, mkdir, rename, stat } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { HornetError } from '../errors.js';
import { printLine } from '../messages.js';
import { replaceFile } from '../saving/atomic.js';
import { extractArchive, type ArchiveFormat } from './archive.js';
import { discard, download } from './download.js';
import { withFileLock } from './file-lock.js';

/** How a file is checked; `auto` takes sha256 for a hash of 64 digits, md5 for others. */
export type HashAlgorithm = 'auto' | 'md5' | 'sha256';

/** Options of `getFile`. */
export interface GetFileArgs {
  /**
   * Name in the cache. Default: the name at the end of `origin`. With `extract`, the directory's: the name itself when it
   * has no extension, `<name>_extracted` otherwise.
   */
  readonly fname?: string | null;
  /** The URL: `http:`, `https:` or `file:`. */
  readonly origin: string | URL;
  /** The older way to say `extract: true, archiveFormat: 'tar'`. Default false. */
  readonly untar?: boolean;
  /** The older way to say `fileHash` with `hashAlgorithm: 'md5'`. */
  readonly md5Hash?: string | null;
  /** What the file must hash to, in hexadecimal digits. Default: not checked. */
  readonly fileHash?: string | null;
  /** Folder within `cacheDir`, or an absolute path. Default `datasets`. */
  readonly cacheSubdir?: string;
  readonly hashAlgorithm?: HashAlgorithm;
  /** Whether the file is unpacked, in which case the path of the directory is returned. Default false. */
  readonly extract?: boolean;
  /** Formats that are tried: `tar` (plain or gzipped), `zip`; `auto` both, null none. Default `auto`. */
  readonly archiveFormat?: 'auto' | ArchiveFormat | readonly ArchiveFormat[] | null;
  /** Folder of the cache. Default: `$KERAS_HOME`, or `~/.keras`. A temporary folder where it cannot be written. */
  readonly cacheDir?: string | null;
  /** Whether the file is brought again when it is there. Default false. */
  readonly forceDownload?: boolean;
}

const where = 'getFile';

/** Folder of Keras's files of this user. */
export const kerasHome = (): string => process.env.KERAS_HOME || join(homedir(), '.keras');

/**
 * The path of a file from the network, which is downloaded when it is not in the cache yet, or not with the given hash.
 * What a broken connection or a killed process has left is completed; several processes that want the same file download it
 * once; the file shows in the cache when it is whole. Proxies are those of `http_proxy`, `https_proxy` and `no_proxy`.
 *
 * @returns The path of the file; with `extract`, of the directory it is unpacked into.
 * @throws HornetError, with the URL and the place where a file from elsewhere can be put, when it cannot be downloaded; when
 *   its hash is another; when an archive holds what leads out of its directory.
 *
 * @example
 * const path = await utils.getFile({ origin: 'https://example.org/flowers.tgz', extract: true });
 */
export async function getFile(args: GetFileArgs): Promise<string> {
  const url = parseUrl(args.origin);
  const check = checkOf(args);
  const unpack = args.extract === true || args.untar === true;
  const formats = formatsOf(args);
  const { file, directory } = await places(args, url, unpack);

  if (!unpack && !args.forceDownload && (await isThere(file)) && (await fits(file, check))) return file;
  return withFileLock(`${file}.lock`, async () => {
    await bring(url, file, check, args.forceDownload ?? false);
    if (!unpack) return file;
    if (!(await extractArchive(file, directory, formats, where))) {
      process.emitWarning(
        `[${where}] ${file} is no archive of the formats [${formats.join(', ')}]: it is not extracted`,
      );
    }
    return directory;
  });
}

/** A hash with its algorithm. */
interface Check {
  readonly algorithm: 'md5' | 'sha256';
  readonly hash: string;
}

/** Makes the file be there, and be right. */
async function bring(url: URL, file: string, check: Check | null, force: boolean): Promise<void> {
  if (!force && (await isThere(file))) {
    // Another process may have brought it while this one waited.
    if (await fits(file, check)) return;
    printLine(`${file} has another ${check?.algorithm} hash than ${check?.hash}: downloading it again`);
  }
  const part = `${file}.part`;
  printLine(`Downloading data from ${url.href}`);
  try {
    const isResumed = await download(url, part);
    if (isResumed && !(await fits(part, check))) {
      // It may be made of two files: not every server tells them apart.
      await discard(part);
      await download(url, part);
    }
    if (!(await fits(part, check))) {
      const { size } = await stat(part);
      await discard(part);
      throw new Error(`the ${size} bytes received do not have the ${check?.algorithm} hash ${check?.hash}`);
    }
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    const reason = `cannot download ${url.href}: ${message || code}`;
    throw new HornetError(where, `${reason}. A file that you have from elsewhere can be put at ${file}`, {
      cause: error,
    });
  }
  await replaceFile(file, where, (beside) => rename(part, beside));
  await discard(part);
}

function parseUrl(origin: string | URL): URL {
  const url = URL.canParse(String(origin)) ? new URL(origin) : null;
  if (url && ['http:', 'https:', 'file:'].includes(url.protocol)) return url;
  throw new HornetError(where, `expected origin to be a URL with http:, https: or file:, received '${String(origin)}'`);
}

/** Where the file is kept, and the directory it is unpacked into, as Keras names them. */
async function places(args: GetFileArgs, url: URL, unpack: boolean): Promise<{ file: string; directory: string }> {
  const name = args.fname || basename(decodeURIComponent(url.pathname));
  if (name === '') throw new HornetError(where, `there is no file name in ${url.href}: expected fname to be given`);
  if (basename(name) !== name || name === '.' || name === '..') {
    throw new HornetError(where, `expected fname to be a name without folders (use cacheSubdir), received '${name}'`);
  }
  const home = (args.cacheDir || kerasHome()).replace(/^~(?=\/|$)/, homedir());
  const base = (await isWritable(home)) ? home : join(tmpdir(), '.keras');
  const folder = resolve(base, args.cacheSubdir ?? 'datasets');
  await mkdir(folder, { recursive: true });
  if (!unpack) return { file: join(folder, name), directory: folder };
  if (!args.fname || !name.includes('.'))
    return { file: join(folder, `${name}_archive`), directory: join(folder, name) };
  return { file: join(folder, name), directory: join(folder, `${name.slice(0, name.indexOf('.'))}_extracted`) };
}

function checkOf({ fileHash, md5Hash, hashAlgorithm = 'auto' }: GetFileArgs): Check | null {
  if (!['auto', 'md5', 'sha256'].includes(hashAlgorithm)) {
    throw new HornetError(where, `expected hashAlgorithm to be 'auto', 'md5' or 'sha256', received '${hashAlgorithm}'`);
  }
  const hash = fileHash ?? md5Hash;
  if (hash == null) return null;
  const chosen = fileHash == null ? 'md5' : hashAlgorithm;
  return { algorithm: chosen !== 'auto' ? chosen : hash.length === 64 ? 'sha256' : 'md5', hash: hash.toLowerCase() };
}

function formatsOf({ untar, archiveFormat = 'auto' }: GetFileArgs): readonly ArchiveFormat[] {
  if (untar) return ['tar'];
  if (archiveFormat === null) return [];
  if (archiveFormat === 'auto') return ['tar', 'zip'];
  const formats = typeof archiveFormat === 'string' ? [archiveFormat] : archiveFormat;
  const other = formats.find((format) => format !== 'tar' && format !== 'zip');
  if (other === undefined) return formats;
  throw new HornetError(
    where,
    `expected archiveFormat to be 'auto', 'tar', 'zip' or null, received '${String(other)}'`,
  );
}

async function fits(path: string, check: Check | null): Promise<boolean> {
  if (check === null) return true;
  const hash = createHash(check.algorithm);
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex') === check.hash;
}

async function isWritable(directory: string): Promise<boolean> {
  try {
    await mkdir(directory, { recursive: true });
    await access(directory, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
