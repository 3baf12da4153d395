// Models as folders, as Keras has them with `zipped=False`: the members of a `.keras` archive as files.
import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { HornetError } from '../errors.js';
import { LARGEST, type Archive, type Member } from './archive.js';

/** Writes members as the files of a new folder; a member that is a file is moved there. */
export async function writeFolder(path: string, members: ReadonlyMap<string, Member>): Promise<void> {
  await mkdir(path);
  for (const [name, member] of members) {
    const file = join(path, ...name.split('/'));
    await mkdir(dirname(file), { recursive: true });
    if (typeof member === 'string' || member instanceof Uint8Array) await writeFile(file, member);
    else await rename(member.file, file);
  }
}

/** A folder that is read as an archive. */
export class FolderReader implements Archive {
  private constructor(
    readonly path: string,
    readonly names: readonly string[],
    private readonly where: string,
  ) {}

  /** Lists a folder and hands it to `use`. */
  static async read<T>(path: string, where: string, use: (folder: FolderReader) => Promise<T>): Promise<T> {
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    const names = files.map(({ parentPath, name }) => relative(path, join(parentPath, name)).split(sep).join('/'));
    return use(new FolderReader(path, names, where));
  }

  async bytes(name: string): Promise<Buffer> {
    const file = this.fileOf(name);
    const { size } = await stat(file);
    if (size > LARGEST) throw new HornetError(this.where, `'${name}' in ${this.path} is too large`);
    return readFile(file);
  }

  withFile<T>(name: string, use: (file: string) => Promise<T>): Promise<T> {
    return use(this.fileOf(name));
  }

  private fileOf(name: string): string {
    if (this.names.includes(name)) return join(this.path, ...name.split('/'));
    throw new HornetError(this.where, `there is no '${name}' in ${this.path}`);
  }
}
