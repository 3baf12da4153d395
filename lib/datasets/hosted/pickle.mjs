// Reads pickles that hold nothing but whole numbers, texts, lists, tuples, dictionaries and arrays of NumPy (protocols 2 and
// later). Whatever else a pickle may ask for, above all to call functions, is refused. Plain JavaScript, so that a thread
// can run it as it is. Source: the opcodes' descriptions in Python's pickletools.

/** An array; elements that are objects are a list, others the bytes they lie in. */
export class PickledArray {
  shape = [];
  /** E.g. `u1`, `O8`. */
  type = '';
  isFortran = false;
  data = null;

  build(state) {
    const [version, shape, dtype, isFortran, data] = Array.isArray(state) ? state : [];
    const isKnown =
      version === 1 && isShape(shape) && dtype instanceof PickledType && typeof isFortran === 'boolean' && isData(data);
    if (!isKnown) throw new Error('it holds an array of an unknown form');
    Object.assign(this, { shape, type: dtype.type, isFortran, data });
  }
}

class PickledType {
  constructor(type) {
    this.type = type;
  }

  /** The order of bytes and alignment: only single bytes and objects are read, which have none. */
  build() {}
}

const isShape = (shape) => Array.isArray(shape) && shape.every((size) => Number.isSafeInteger(size) && size >= 0);
const isData = (data) => Array.isArray(data) || data instanceof Uint8Array;

const ndarray = Symbol('numpy.ndarray');
const calls = {
  dtype: (type) => new PickledType(textOf(type)),
  reconstruct(made) {
    if (made !== ndarray) throw new Error('it makes something else of an array');
    return new PickledArray();
  },
};

/** All that a pickle may name. */
const globals = new Map([
  ['numpy.ndarray', ndarray],
  ['numpy.dtype', calls.dtype],
  ['numpy.core.multiarray._reconstruct', calls.reconstruct],
  ['numpy._core.multiarray._reconstruct', calls.reconstruct],
]);

function named(module, name) {
  const path = `${textOf(module)}.${textOf(name)}`;
  if (!globals.has(path)) throw new Error(`it asks for ${path}, which is refused`);
  return globals.get(path);
}

/** Python 2 kept texts as bytes. */
function textOf(value) {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
  if (typeof value !== 'string') throw new Error('it holds something else where a text is expected');
  return value;
}

const operations = {
  0x80: (p) => p.bytes(1), // PROTO
  0x95: (p) => p.bytes(8), // FRAME
  '(': (p) => p.mark(),
  N: (p) => p.push(null),
  0x88: (p) => p.push(true),
  0x89: (p) => p.push(false),
  J: (p) => p.push(p.bytes(4).readInt32LE()),
  K: (p) => p.push(p.size(1)),
  M: (p) => p.push(p.size(2)),
  0x8a: (p) => p.push(p.long(p.size(1))), // LONG1
  U: (p) => p.push(p.bytes(p.size(1))),
  T: (p) => p.push(p.bytes(p.size(4))),
  C: (p) => p.push(p.bytes(p.size(1))),
  B: (p) => p.push(p.bytes(p.size(4))),
  0x8e: (p) => p.push(p.bytes(p.size(8))), // BINBYTES8
  X: (p) => p.push(p.bytes(p.size(4)).toString()),
  0x8c: (p) => p.push(p.bytes(p.size(1)).toString()), // SHORT_BINUNICODE
  ']': (p) => p.push([]),
  a: (p) => p.extend([p.pop()]),
  e: (p) => p.extend(p.popMark()),
  ')': (p) => p.push([]),
  t: (p) => p.push(p.popMark()),
  0x85: (p) => p.push(p.popMany(1)),
  0x86: (p) => p.push(p.popMany(2)),
  0x87: (p) => p.push(p.popMany(3)),
  '}': (p) => p.push(new Map()),
  s: (p) => p.setItems(p.popMany(2)),
  u: (p) => p.setItems(p.popMark()),
  q: (p) => p.keep(p.size(1)),
  r: (p) => p.keep(p.size(4)),
  0x94: (p) => p.keep(p.memo.size), // MEMOIZE
  h: (p) => p.recall(p.size(1)),
  j: (p) => p.recall(p.size(4)),
  c: (p) => p.push(named(p.line(), p.line())),
  0x93: (p) => p.push(named(...p.popMany(2))), // STACK_GLOBAL
  R: (p) => p.call(),
  b: (p) => p.build(),
};

/** The operations by their codes. */
const table = new Array(256);
for (const [code, operation] of Object.entries(operations)) {
  table[code.length === 1 ? code.charCodeAt(0) : Number(code)] = operation;
}
const STOP = '.'.charCodeAt(0);

/** The machine that a pickle is a program for. */
class Unpickler {
  stack = [];
  /** Where in the stack the marks are. */
  marks = [];
  memo = new Map();
  at = 0;

  constructor(buffer) {
    this.buffer = buffer;
  }

  run() {
    for (;;) {
      const code = this.size(1);
      if (code === STOP) return this.pop();
      const operation = table[code];
      if (!operation) throw new Error(`it does what no data set needs: operation 0x${code.toString(16)}`);
      operation(this);
    }
  }

  bytes(length) {
    const end = this.at + length;
    if (end > this.buffer.length) throw new Error('it ends early');
    const bytes = this.buffer.subarray(this.at, end);
    this.at = end;
    return bytes;
  }

  /** A number without a sign, of 1, 2, 4 or 8 bytes. */
  size(length) {
    if (length === 1 && this.at < this.buffer.length) return this.buffer[this.at++];
    const bytes = this.bytes(length);
    return length < 8 ? bytes.readUIntLE(0, length) : Number(bytes.readBigUInt64LE());
  }

  /** A number of any length with a sign. */
  long(length) {
    const bytes = this.bytes(length);
    if (length > 6) throw new Error('it holds a number beyond 48 bits');
    return length === 0 ? 0 : bytes.readIntLE(0, length);
  }

  line() {
    const end = this.buffer.indexOf('\n', this.at);
    const bytes = this.bytes((end < 0 ? Infinity : end) - this.at);
    this.at++;
    return bytes;
  }

  mark() {
    this.marks.push(this.stack.length);
  }

  push(value) {
    this.stack.push(value);
  }

  popMany(count) {
    const start = this.stack.length - count;
    if (start < (this.marks.at(-1) ?? 0)) throw new Error('it takes what is not there');
    return this.stack.splice(start);
  }

  pop() {
    return this.popMany(1)[0];
  }

  popMark() {
    if (this.marks.length === 0) throw new Error('it takes what is not there');
    return this.stack.splice(this.marks.pop());
  }

  top() {
    const [value] = this.popMany(1);
    this.push(value);
    return value;
  }

  keep(index) {
    this.memo.set(index, this.top());
  }

  recall(index) {
    if (!this.memo.has(index)) throw new Error('it takes what is not there');
    this.push(this.memo.get(index));
  }

  extend(items) {
    const list = this.top();
    if (!Array.isArray(list)) throw new Error('it adds to what is no list');
    for (const item of items) list.push(item);
  }

  setItems(items) {
    const dictionary = this.top();
    if (!(dictionary instanceof Map) || items.length % 2 > 0) throw new Error('it adds to what is no dictionary');
    for (let i = 0; i < items.length; i += 2) dictionary.set(textOf(items[i]), items[i + 1]);
  }

  call() {
    const [callee, args] = this.popMany(2);
    if (typeof callee !== 'function' || !Array.isArray(args)) throw new Error('it calls what is no function');
    this.push(callee(args[0]));
  }

  build() {
    const state = this.pop();
    const object = this.top();
    if (!(object instanceof PickledArray || object instanceof PickledType)) throw new Error('it changes what is final');
    object.build(state);
  }
}

/**
 * What a pickle holds: numbers, booleans, null, texts (`string`; of Python 2, and bytes: `Buffer`), arrays for lists and
 * tuples, a `Map` by text for dictionaries, `PickledArray`. Throws an `Error` that says what is wrong with it.
 *
 * @param {Buffer} buffer - The pickle. What is read from it may share its memory.
 */
export const unpickle = (buffer) => new Unpickler(buffer).run();
