// Writes HDF5 files in one pass: data as it comes, then all headers, then the superblock. The layout of the parts is in
// hdf5-format.ts. h5wasm, which reads, is not asked to write: it knows neither float16 nor the opaque type that stands for
// bfloat16, and has to hold a dataset twice in 2 GB of memory.
import { open, type FileHandle } from 'node:fs/promises';
import { byteSize, type DType, type TypedArray } from '../dtype.js';
import { sizeOf } from '../graph/ir.js';
import {
  datasetHeader,
  globalHeap,
  groupHeader,
  superblock,
  SUPERBLOCK_SIZE,
  textAttribute,
  type HeapReference,
} from './hdf5-format.js';

/** Texts by name. */
export type Attributes = Readonly<Record<string, string | readonly string[]>>;

interface Group {
  readonly members: Map<string, Group | Dataset>;
  attributes: Attributes;
}

interface Dataset {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly address: number;
  readonly bytes: number;
  readonly attributes: Attributes;
}

/** At most so many texts are in one global heap, whose numbers have 16 bits. */
const HEAP_TEXTS = 1000;

/** A new HDF5 file. Nothing is valid before `close`. */
export class Hdf5Writer {
  readonly #file: FileHandle;
  readonly #root: Group = { members: new Map(), attributes: {} };
  #end = SUPERBLOCK_SIZE;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Creates the file, lets `fill` write into it, and finishes it. */
  static async write(path: string, fill: (writer: Hdf5Writer) => Promise<void>): Promise<void> {
    const file = await open(path, 'w');
    try {
      const writer = new Hdf5Writer(file);
      await fill(writer);
      await writer.#finish();
    } finally {
      await file.close();
    }
  }

  /** Makes a group, and those above it where they are missing; sets its attributes. */
  group(path: string, attributes: Attributes = {}): void {
    const group = this.#groupAt(path);
    group.attributes = { ...group.attributes, ...attributes };
  }

  /** Writes a dataset. `data` may be used again when the promise is kept. As in Keras, `bfloat16` is said in an attribute. */
  async dataset(path: string, dtype: DType, shape: readonly number[], data: TypedArray): Promise<void> {
    const bytes = sizeOf(shape) * byteSize(dtype);
    if (bytes !== data.byteLength) throw new RangeError(`${path} has ${data.byteLength} bytes, its shape ${bytes}`);
    const slash = path.lastIndexOf('/');
    const { members } = this.#groupAt(path.slice(0, Math.max(slash, 0)));
    const name = path.slice(slash + 1);
    if (members.has(name)) throw new RangeError(`${path} is there already`);
    const attributes: Attributes = dtype === 'bfloat16' ? { dtype } : {};
    members.set(name, { dtype, shape, address: this.#end, bytes, attributes });
    await this.#append(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }

  #groupAt(path: string): Group {
    let group = this.#root;
    for (const name of path.split('/').filter(Boolean)) {
      let next = group.members.get(name);
      if (!next) group.members.set(name, (next = { members: new Map(), attributes: {} }));
      if (!('members' in next)) throw new RangeError(`${path} leads through a dataset`);
      group = next;
    }
    return group;
  }

  async #append(bytes: Uint8Array): Promise<number> {
    const address = this.#end;
    // A write may take less than it is given.
    for (let at = 0; at < bytes.length;) {
      const { bytesWritten } = await this.#file.write(bytes, at, bytes.length - at, address + at);
      at += bytesWritten;
    }
    this.#end = Math.ceil((address + bytes.length) / 8) * 8;
    return address;
  }

  async #finish(): Promise<void> {
    const texts = await this.#writeTexts(textsIn(this.#root));
    const root = await this.#writeGroup(this.#root, texts);
    await this.#file.truncate(this.#end);
    await this.#file.write(superblock(this.#end, root), 0, SUPERBLOCK_SIZE, 0);
  }

  async #writeTexts(texts: ReadonlySet<string>): Promise<ReadonlyMap<string, HeapReference>> {
    const references = new Map<string, HeapReference>([['', { length: 0, heap: 0, index: 0 }]]);
    const list = [...texts].filter(Boolean);
    for (let at = 0; at < list.length; at += HEAP_TEXTS) {
      const part = list.slice(at, at + HEAP_TEXTS).map((each) => Buffer.from(each));
      const heap = await this.#append(globalHeap(part));
      part.forEach(({ length }, i) => references.set(list[at + i], { length, heap, index: i + 1 }));
    }
    return references;
  }

  async #writeGroup({ members, attributes }: Group, texts: ReadonlyMap<string, HeapReference>): Promise<number> {
    const addresses = new Map<string, number>();
    for (const [name, member] of [...members].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if ('members' in member) addresses.set(name, await this.#writeGroup(member, texts));
      else {
        const { dtype, shape, address, bytes } = member;
        const messages = attributeMessages(member.attributes, texts);
        addresses.set(name, await this.#append(datasetHeader(dtype, shape, address, bytes, messages)));
      }
    }
    return this.#append(groupHeader(addresses, attributeMessages(attributes, texts)));
  }
}

function textsIn({ members, attributes }: Group): Set<string> {
  const below = [...members.values()].flatMap((member) =>
    'members' in member ? [...textsIn(member)] : Object.values(member.attributes).flat(),
  );
  return new Set([...Object.values(attributes).flat(), ...below]);
}

const attributeMessages = (attributes: Attributes, texts: ReadonlyMap<string, HeapReference>): Buffer[] =>
  Object.entries(attributes).map(([name, value]) =>
    textAttribute(name, typeof value === 'string' ? texts.get(value)! : value.map((each) => texts.get(each)!)),
  );
