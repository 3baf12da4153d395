// Reads the pickles of data sets beside the main thread: their files are large. Its other end is pickles.ts.
import { readFileSync } from 'node:fs';
import { answer } from '../../worker-answers.mjs';
import { PickledArray, unpickle } from './pickle.mjs';

/** What follows the header of a `.npy` file. */
function npyBody(bytes) {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.toString('latin1', 0, 6) !== '\x93NUMPY') throw new Error('it is not a .npy file');
  const isLong = buffer.readUInt8(6) > 1;
  const start = isLong ? 12 + buffer.readUInt32LE(8) : 10 + buffer.readUInt16LE(8);
  if (!/'descr':\s*'\|O'/.test(buffer.toString('latin1', 10, start))) throw new Error('it holds no array of objects');
  return buffer.subarray(start);
}

const isListOf = (list, length) => Array.isArray(list) && list.length === length;

const operations = {
  /** An array of lists of numbers in a `.npy` file: all numbers one after the other, and where each list ends. */
  sequences(bytes) {
    const array = unpickle(npyBody(bytes));
    const lists = array instanceof PickledArray ? array.data : null;
    if (!isListOf(lists, array.shape?.[0]) || array.shape.length !== 1 || !lists.every(Array.isArray)) {
      throw new Error('it is not an array of lists');
    }
    const ends = new Int32Array(lists.length);
    const total = lists.reduce((sum, list, i) => (ends[i] = sum + list.length), 0);
    // The same list again and again takes next to nothing in a file.
    if (total > bytes.length) throw new Error('it holds more than it can');
    const values = new Int32Array(total);
    lists.forEach((list, i) => values.set(integers(list), ends[i] - list.length));
    return { values, ends };
  },

  /** A batch of images: the bytes of each, one after the other, and the labels. */
  images(path, size, label) {
    const batch = unpickle(readFileSync(path));
    const array = batch instanceof Map ? batch.get('data') : null;
    const labels = batch instanceof Map ? batch.get(label) : null;
    if (!(array instanceof PickledArray) || !labels) throw new Error(`it is not a dictionary of 'data' and '${label}'`);
    const count = array.shape[0] ?? 0;
    const isImages =
      array.type === 'u1' && array.shape.length === 2 && array.shape[1] === size && array.data.length === count * size;
    if (!isImages) throw new Error(`it does not hold images of ${size} bytes`);
    if (!isListOf(labels, count)) throw new Error(`it does not hold a label for each of ${count} images`);
    const pixels = array.isFortran ? rowMajor(array.data, count, size) : new Uint8Array(array.data);
    return { pixels, labels: Int32Array.from(integers(labels)) };
  },
};

function integers(list) {
  if (!list.every((value) => Number.isInteger(value) && Math.abs(value) < 2 ** 31)) {
    throw new Error('it holds something else than small whole numbers in its lists');
  }
  return list;
}

function rowMajor(bytes, rows, columns) {
  const out = new Uint8Array(bytes.length);
  for (let i = 0; i < out.length; i++) out[i] = bytes[Math.floor(i / columns) + (i % columns) * rows];
  return out;
}

answer(operations);
