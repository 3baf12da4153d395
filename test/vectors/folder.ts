// Reading a folder of conformance vectors: groups of cases and the tensors they refer to. Runs nothing.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { decode, type Value } from './values.js';

/** One case as it was recorded: a JSON object. Its values are decoded on demand. */
export interface Case {
  readonly id: string;
  readonly kind: string;
  readonly class?: string;
  readonly op?: string;
  readonly fn?: string;
  readonly [field: string]: unknown;
}

/** All cases of one file pair, or of the model folders. */
export class Group {
  private readonly loaded = new Map<string, Uint8Array>();

  constructor(
    readonly name: string,
    readonly cases: readonly Case[],
    /** The file with the tensors of a case. */
    private readonly tensorsOf: (item: Case) => string,
  ) {}

  /** Decodes a field of a case. */
  value(item: Case, json: unknown): Value {
    return decode(json, this.bytes(this.tensorsOf(item)));
  }

  private bytes(path: string): Uint8Array {
    let bytes = this.loaded.get(path);
    if (!bytes) {
      const { buffer, byteOffset, length } = gunzipSync(readFileSync(path));
      // Not a `Buffer`: slices of one are not copies.
      this.loaded.set(path, (bytes = new Uint8Array(buffer, byteOffset, length)));
    }
    return bytes;
  }
}

/** What names a case in tables: its class, op or function. */
export const labelOf = (item: Case): string =>
  item.class ?? item.op ?? item.fn ?? (item.config as { class_name?: string } | undefined)?.class_name ?? item.kind;

/** Reads all groups in a folder, in one of its folders such as `applications`, and the models. */
export function openFolder(folder: string, only?: string): Group[] {
  if (!existsSync(folder)) throw new Error(`there is no folder ${folder}`);
  const files = readdirSync(folder).map((name) => join(folder, name));
  const nested = files.filter((file) => statSync(file).isDirectory() && basename(file) !== 'models');
  const lists = [...files, ...nested.flatMap((dir) => readdirSync(dir).map((name) => join(dir, name)))];
  const groups = lists
    .filter((file) => file.endsWith('.jsonl.gz') && (!only || groupName(file) === only))
    .map(readGroup);
  const models = join(folder, 'models');
  return existsSync(models) && (!only || only === 'models') ? [...groups, readModels(models)] : groups;
}

const groupName = (file: string): string => basename(file, '.jsonl.gz');

function readGroup(file: string): Group {
  const lines = gunzipSync(readFileSync(file)).toString('utf8').split('\n').filter(Boolean);
  const name = groupName(file);
  const parse = (line: string): Case => JSON.parse(name === 'ops' ? keepWholeFloats(line) : line) as Case;
  const tensors = file.replace(/\.jsonl\.gz$/, '.bin.gz');
  return new Group(name, lines.map(parse), () => tensors);
}

const token = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g;

/** Writes floats without a fraction so that they can be told from integers: Python's `add(x, 2.0)` is not `add(x, 2)`. */
function keepWholeFloats(line: string): string {
  const isWhole = (text: string): boolean => /^-?\d/.test(text) && /[.eE]/.test(text) && Number.isInteger(Number(text));
  const start = line.indexOf('"args"');
  const end = line.indexOf('"outputs"', start);
  const args = line.slice(start, end < 0 ? undefined : end);
  const marked = args.replace(token, (text) => (isWhole(text) ? `{"$float":${text}}` : text));
  return line.slice(0, start) + marked + (end < 0 ? '' : line.slice(end));
}

/** A folder per model. Every saved file of a model is a case of its own. */
function readModels(folder: string): Group {
  const cases = readdirSync(folder).flatMap((name) => {
    const model = JSON.parse(readFileSync(join(folder, name, 'case.json'), 'utf8')) as Case;
    const files = Object.entries((model.files ?? {}) as Record<string, object>);
    const load = files.map(([format, file]): Case => ({
      ...model,
      ...file,
      id: `${model.id}#${format}`,
      kind: 'file',
      format,
    }));
    return [model, ...load].map((item): Case => ({ ...item, folder: join(folder, name) }));
  });
  return new Group('models', cases, (item) => join(item.folder as string, 'data.bin.gz'));
}
