// The worker thread that reads HDF5 files, with h5wasm: a file may be large, or made to confuse the library. Plain
// JavaScript, so that a thread can run it as it is. Its other end is hdf5-reader.ts.
import { createRequire } from 'node:module';
import { File, Module, ready } from 'h5wasm/node';
import { answer } from '../worker-answers.mjs';

/** Files that may be opened. Links in a file may name others: the library does not get them. */
const allowed = new Set();
const fs = createRequire(import.meta.url)('node:fs');
const { openSync } = fs;
fs.openSync = (path, ...rest) => {
  if (!allowed.has(path)) throw Object.assign(new Error(`ENOENT: ${path} is not to be read`), { code: 'ENOENT' });
  return openSync(path, ...rest);
};
// It only reads, and keeps its troubles off the process's standard error.
fs.writeSync = (_file, bytes, _offset, length = bytes.length) => length;

await ready;

/** So many bytes go through the library's memory at once. */
const PIECE = 2 ** 25;
const classes = { integer: 0, float: 1, text: 3, opaque: 5, enumeration: 8 };
/** @type {Map<number, import('h5wasm/node').File>} */
const files = new Map();
let opened = 0;

/** The dtype of a dataset in Hornet's names, null for one that it does not know. */
function dtypeOf({ type, size, signed, enum_type: names }) {
  const bits = size * 8;
  if (type === classes.integer) return size <= 8 ? `${signed ? '' : 'u'}int${bits}` : null;
  if (type === classes.float) return [2, 4, 8].includes(size) ? `float${bits}` : null;
  // As h5py writes it; newer versions of Keras also say so in an attribute.
  if (type === classes.opaque && size === 2) return 'bfloat16';
  if (type === classes.enumeration && size === 1 && names?.members.FALSE === 0 && names.members.TRUE === 1)
    return 'bool';
  return null;
}

const namesIn = ({ file_id: file }, path) =>
  Module.get_type(file, path) === Module.H5G_GROUP ? Module.get_names(file, path, false) : null;

function textsOf(file, path) {
  const isText = ({ metadata }) => metadata.type === classes.text;
  return Object.fromEntries(
    Object.entries(file.get(path).attrs)
      .filter(([, attribute]) => isText(attribute))
      .map(([name, attribute]) => [name, attribute.value ?? []]),
  );
}

function describe({ file_id: file }, path) {
  if (Module.get_type(file, path) !== Module.H5G_DATASET) return null;
  const metadata = Module.get_dataset_metadata(file, path);
  const { virtual_sources: sources, shape, vlen } = metadata;
  if (sources || !shape || vlen) return { dtype: null, shape: shape ?? [] };
  return { dtype: dtypeOf(metadata), shape };
}

function contentsOf(file, { path, expected }) {
  const names = namesIn(file, path) ?? [];
  const told = names.length <= expected ? names : [];
  return { count: names.length, datasets: told.map((name) => [name, describe(file, `${path}/${name}`)]) };
}

/** Answers about several places; one that cannot be read is told instead, and ends the list. */
function each(places, answer) {
  const answers = [];
  for (const place of places) {
    try {
      answers.push(answer(place));
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) throw error;
      answers.push({ damaged: place.path ?? place, reason: String(error?.message ?? error) });
      break;
    }
  }
  return answers;
}

const operations = {
  open(path) {
    allowed.add(path);
    try {
      const file = new File(path, 'r');
      if (file.file_id < 0n) throw new Error('not an HDF5 file');
      files.set(++opened, file);
    } finally {
      if (![...files.values()].some((file) => file.filename === path)) allowed.delete(path);
    }
    return opened;
  },

  close(id) {
    const file = files.get(id);
    files.delete(id);
    file.close();
    if (![...files.values()].some(({ filename }) => filename === file.filename)) allowed.delete(file.filename);
  },

  /** Names in a group; null where there is no group. */
  names: (id, path) => namesIn(files.get(id), path),

  /** Attributes that are texts, or lists of them, of groups or datasets. */
  texts: (id, paths) => each(paths, (path) => textsOf(files.get(id), path || '/')),

  /** Type and shape of datasets; null where there is none. */
  describe: (id, paths) => each(paths, (path) => describe(files.get(id), path)),

  /** How many members groups have, and type and shape of each where there are no more than expected. */
  contents: (id, groups) => each(groups, (group) => contentsOf(files.get(id), group)),

  /** The bytes of a dataset in the machine's order, at the beginning of `spare` where that is large enough. */
  read(id, path, spare) {
    const { file_id: file } = files.get(id);
    const { size, shape } = Module.get_dataset_metadata(file, path);
    const total = shape.reduce((product, dim) => product * dim, size);
    const result = new Uint8Array(spare?.byteLength >= total ? spare : total);
    for (const { offset, count, at, bytes } of pieces(shape, size)) {
      const pointer = Module._malloc(Math.max(bytes, 1));
      if (pointer === 0) throw new Error(`no memory for ${bytes} bytes`);
      try {
        const whole = bytes === total;
        const steps = shape.map(() => 1n);
        const status = Module.get_dataset_data(
          file,
          path,
          whole ? null : count.map(BigInt),
          whole ? null : offset.map(BigInt),
          whole ? null : steps,
          BigInt(pointer),
        );
        if (status < 0) throw new Error(`${path} cannot be read`);
        result.set(Module.HEAPU8.subarray(pointer, pointer + bytes), at);
      } finally {
        Module._free(pointer);
      }
    }
    return result.buffer;
  },
};

/** Parts of an array that lie in one piece each and are not too large: along the first axis where that is enough. */
function* pieces(shape, size) {
  const total = shape.reduce((product, dim) => product * dim, size);
  if (total === 0) return;
  const axis = shape.findIndex((_, i) => shape.slice(i + 1).reduce((product, dim) => product * dim, size) <= PIECE);
  if (axis < 0) {
    yield { offset: [], count: [], at: 0, bytes: total };
    return;
  }
  const row = shape.slice(axis + 1).reduce((product, dim) => product * dim, size);
  const rows = Math.max(1, Math.floor(PIECE / row));
  const outer = shape.slice(0, axis).reduce((product, dim) => product * dim, 1);
  let at = 0;
  for (let i = 0; i < outer; i++) {
    const index = shape.slice(0, axis).map((_, k) => {
      const below = shape.slice(k + 1, axis).reduce((product, dim) => product * dim, 1);
      return Math.floor(i / below) % shape[k];
    });
    for (let from = 0; from < shape[axis]; from += rows) {
      const taken = Math.min(rows, shape[axis] - from);
      const rest = shape.slice(axis + 1);
      yield {
        offset: [...index, from, ...rest.map(() => 0)],
        count: [...index.map(() => 1), taken, ...rest],
        at,
        bytes: taken * row,
      };
      at += taken * row;
    }
  }
}

answer(operations);
