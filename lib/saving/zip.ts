// Zip archives as streams: members written as they are (stored), read with their sizes and checksums verified. Names lead
// nowhere: a member is read into memory or into a file that the caller names.
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Readable, Transform, Writable } from 'node:stream';
import * as zlib from 'node:zlib';
import { openPromise, type Entry, type ZipFile as ZipHandle } from 'yauzl';
import { ZipFile } from 'yazl';
import { HornetError } from '../errors.js';
import { LARGEST, type Archive, type Member } from './archive.js';

/** The method of members that are not compressed. */
const STORED = 0;
/** So many bytes of such members are read at once. */
const PIECE = 2 ** 20;

/** Writes an archive of members by name. */
export async function writeZip(path: string, members: ReadonlyMap<string, Member>): Promise<void> {
  const zip = new ZipFile();
  const options = { compress: false };
  for (const [name, member] of members) {
    if (typeof member === 'string' || member instanceof Uint8Array) zip.addBuffer(Buffer.from(member), name, options);
    else zip.addFile(member.file, name, options);
  }
  zip.end();
  const output = createWriteStream(path);
  zip.on('error', (error) => output.destroy(error as Error));
  await pipeline(zip.outputStream, output);
}

/** An open archive. */
export class ZipReader implements Archive {
  private constructor(
    readonly path: string,
    private readonly zip: ZipHandle,
    private readonly entries: ReadonlyMap<string, Entry>,
    private readonly where: string,
  ) {}

  /**
   * Opens an archive, hands it to `use` and closes it.
   *
   * @param where - Who reads, for errors.
   * @throws HornetError when the file is not there or is no archive, or has names that lead out of a directory.
   */
  static async read<T>(path: string, where: string, use: (zip: ZipReader) => Promise<T>): Promise<T> {
    let zip: ZipHandle;
    try {
      zip = await openPromise(path, { lazyEntries: true, autoClose: false, strictFileNames: true });
    } catch (error) {
      const missing = (error as NodeJS.ErrnoException).code !== undefined;
      const what = missing
        ? `cannot open ${path}: ${(error as Error).message}`
        : `${path} is not a zip file, or damaged`;
      throw new HornetError(where, what, { cause: error });
    }
    try {
      return await use(new ZipReader(path, zip, await listEntries(zip, path, where), where));
    } finally {
      zip.close();
    }
  }

  get names(): readonly string[] {
    return [...this.entries.keys()];
  }

  /**
   * A member as bytes. Throws a `HornetError` when it is missing or damaged.
   *
   * @param most - How many bytes it may have.
   */
  async bytes(name: string, most = LARGEST): Promise<Buffer> {
    const { uncompressedSize } = this.entry(name);
    if (uncompressedSize > most) throw new HornetError(this.where, `'${name}' in ${this.path} is too large`);
    let bytes = Buffer.alloc(0);
    let at = 0;
    await this.stream(name, async (source) => {
      bytes = Buffer.allocUnsafeSlow(uncompressedSize);
      const collect = new Writable({
        write(chunk: Buffer, _encoding, done) {
          at += chunk.copy(bytes, at);
          done();
        },
      });
      await pipeline(source, this.verifier(name), collect);
    });
    return bytes;
  }

  /** Copies a member to a file. */
  async extract(name: string, target: string): Promise<void> {
    await this.stream(name, (source) => pipeline(source, this.verifier(name), createWriteStream(target)));
  }

  async withFile<T>(name: string, use: (file: string) => Promise<T>): Promise<T> {
    const directory = await mkdtemp(join(tmpdir(), 'hornet-'));
    try {
      const file = join(directory, basename(name));
      await this.extract(name, file);
      return await use(file);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }

  private entry(name: string): Entry {
    const entry = this.entries.get(name);
    if (!entry) throw new HornetError(this.where, `there is no '${name}' in ${this.path}`);
    return entry;
  }

  private async stream(name: string, use: (source: Readable) => Promise<void>): Promise<void> {
    const entry = this.entry(name);
    if (entry.isEncrypted()) throw new HornetError(this.where, `'${name}' in ${this.path} is encrypted`);
    // Deflate makes nothing a thousand times smaller than it was; what claims to is made to fill the disk.
    if (entry.uncompressedSize > LARGEST && entry.uncompressedSize > 100 * entry.compressedSize) {
      throw new HornetError(this.where, `'${name}' in ${this.path} claims to hold ${entry.uncompressedSize} bytes`);
    }
    try {
      await use(
        entry.compressionMethod === STORED ? await this.stored(entry) : await this.zip.openReadStreamPromise(entry),
      );
    } catch (error) {
      if (error instanceof HornetError) throw error;
      throw new HornetError(this.where, `'${name}' in ${this.path} is damaged: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  /** A member that is not compressed, in large pieces: those of the library make a file of weights twice as slow. */
  private async stored(entry: Entry): Promise<Readable> {
    const { fileDataStart: start } = await this.zip.readLocalFileHeaderPromise(entry, { minimal: true });
    if (entry.compressedSize !== entry.uncompressedSize) throw new Error('its sizes differ');
    if (entry.compressedSize === 0) return Readable.from([]);
    return createReadStream(this.path, { start, end: start + entry.compressedSize - 1, highWaterMark: PIECE });
  }

  /** Passes a member on and fails at its end when its checksum is another. */
  private verifier(name: string): Transform {
    const wanted = this.entry(name).crc32;
    const checksum = zlib.crc32 as typeof zlib.crc32 | undefined; // Since Node 20.15.
    let sum = 0;
    return new Transform({
      transform(chunk: Buffer, _encoding, done) {
        if (checksum) sum = checksum(chunk, sum);
        done(null, chunk);
      },
      flush(done) {
        done(checksum && sum !== wanted ? new Error('its checksum is wrong') : null);
      },
    });
  }
}

async function listEntries(zip: ZipHandle, path: string, where: string): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  try {
    for await (const entry of zip.eachEntry()) {
      if (entries.has(entry.fileName)) throw new HornetError(where, `${path} holds '${entry.fileName}' twice`);
      entries.set(entry.fileName, entry);
    }
  } catch (error) {
    if (error instanceof HornetError) throw error;
    throw new HornetError(where, `${path} is damaged: ${(error as Error).message}`, { cause: error });
  }
  return entries;
}
