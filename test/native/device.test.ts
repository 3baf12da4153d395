// The addon as lib/native.ts sees it: memory, order, errors, and what it refuses.
import 'hornet';
import { opTable } from '../../lib/graph/op.js';
import { loadAddon, type NativeBuffer } from '../../lib/native.js';
import { accumulation, addition, picking } from './program.js';

const device = loadAddon().openDevice('cpu', { threads: 2 });
const upload = (...values: number[]): NativeBuffer => device.upload(Float32Array.from(values));
const download = async (buffer: NativeBuffer): Promise<number[]> => [...new Float32Array(await device.read(buffer))];

test('every primitive has a kernel and every kernel a primitive', () => {
  const wanted = [...opTable.values()].filter((op) => !op.structural && !op.elementwise && !op.decompose);
  const kernels = device.kernels();
  expect(wanted.map(({ name }) => name).filter((name) => !kernels.includes(name))).toEqual([]);
  expect(kernels.filter((name) => name !== 'elementwise' && !opTable.has(name))).toEqual([]);
});

test('a device tells what it is', () => {
  const { name, library, level, memoryBytes, threads } = device.info();
  expect({ name, threads }).toEqual({ name: 'cpu', threads: 2 });
  expect(library).toMatch(/^oneDNN \d+\.\d+$/);
  expect(level).toMatch(/^(v[234]|base)$/);
  expect(memoryBytes).toBeGreaterThan(2 ** 28);
});

test('memory is zero-filled, written, copied and read in the order of the calls', async () => {
  const a = device.allocate(12);
  const b = device.allocate(12);
  const before = device.read(a);
  const data = Float32Array.of(1, 2, 3);
  device.write(a, data);
  data.fill(9);
  device.copy(a, b);
  device.write(a, Float32Array.of(4));
  expect([...new Float32Array(await before)]).toEqual([0, 0, 0]);
  expect(await download(b)).toEqual([1, 2, 3]);
  expect(await download(a)).toEqual([4, 2, 3]);
});

test('views of every kind are uploaded', async () => {
  const whole = Float32Array.of(1, 2, 3, 4);
  expect(await download(device.upload(whole.subarray(1, 3)))).toEqual([2, 3]);
  expect(await download(device.upload(new DataView(whole.buffer, 4, 8)))).toEqual([2, 3]);
  const shared = new Float32Array(new SharedArrayBuffer(8));
  shared.set([5, 6]);
  expect(await download(device.upload(shared))).toEqual([5, 6]);
  expect(await download(device.upload(new Float32Array(0)))).toEqual([]);
});

test('a program runs on bound memory any number of times', async () => {
  const [x, y] = [upload(0, 0), upload(1, 2)];
  const program = device.compile(accumulation(2));
  const binding = program.bind([x, y], []);
  binding.run(10);
  binding.run(0);
  binding.run(1);
  expect(await download(x)).toEqual([11, 22]);
  expect(program.arenaBytes).toBe(0);
  expect(program.explain()[0]).toMatch(/^elementwise float32\[2\] float32\[2\] -> float32\[2\]/);
  binding.dispose();
  expect(() => binding.run(1)).toThrow('[program] a binding is used after dispose()');
});

test('a failed run rejects the reads of its results, of what depends on them, and sync once', async () => {
  const [x, picked, sum] = [upload(1, 2), upload(0), upload(0)];
  const outside = device.upload(Int32Array.of(5));
  device.compile(picking(2)).run([x, outside], [picked]);
  device.compile(addition(1)).run([picked, picked], [sum]);
  const message = '[gather] index 5 is out of bounds for axis 0 with size 2';
  await expect(device.read(picked)).rejects.toMatchObject({ message, code: 'HORNET' });
  await expect(device.read(sum)).rejects.toThrow(message);
  await expect(device.sync()).rejects.toThrow(message);
  await expect(device.sync()).resolves.toBeUndefined();
  expect(await download(x)).toEqual([1, 2]);
});

test('a disposed buffer serves the runs that were queued before, and nothing else', async () => {
  const [x, y, z] = [upload(1), upload(2), upload(0)];
  device.compile(addition(1)).run([x, y], [z]);
  x.dispose();
  x.dispose();
  expect(x.disposed).toBe(true);
  expect(await download(z)).toEqual([3]);
  expect(() => device.read(x)).toThrow('[tensor] a tensor is used after dispose()');
});

test('wrong arguments are errors, never crashes', () => {
  const program = device.compile(addition(2));
  const [x, small] = [upload(1, 2), upload(1)];
  const cases: [() => unknown, string | RegExp][] = [
    [() => device.allocate(-1), /whole number, received -1/],
    [() => device.allocate(NaN), /whole number/],
    [() => device.allocate(2 ** 46), /^\[memory\] cannot allocate 70368744.2 MB: \d+\.\d MB are free$/],
    [() => device.upload('text' as never), '[engine] expected a typed array'],
    [() => device.read({} as never), '[engine] expected a NativeBuffer'],
    [() => device.read(program as never), '[engine] expected a NativeBuffer'],
    [() => device.write(small, Float32Array.of(1, 2)), '[write] expected at most 4 bytes, received 8'],
    [() => program.run([x], [x]), '[program] expected 2 parameters, received 1'],
    [() => program.run([x, small], [x]), '[program] expected parameter 1 to have 8 bytes, received 4'],
    [() => device.compile(new Uint8Array(8)), '[program] not a program'],
    [() => program.bind([x, x], [x]).run(-1), /whole number/],
    [() => loadAddon().openDevice('tpu' as never, {}), "[device] expected the kind of device to be 'cpu' or 'cuda'"],
    [() => new (device.constructor as new () => unknown)(), '[engine] this class is internal'],
    [() => (Object.create(device) as typeof device).info(), /Illegal invocation/],
  ];
  for (const [action, message] of cases) expect(action).toThrow(message);
});

test('tensors that a synchronous loop drops are freed within it', () => {
  const bytes = 2 ** 24;
  for (let i = 0; i < 300; i++) device.allocate(bytes, false);
  expect(device.memory().peakBytes).toBeLessThan(200 * bytes);
});

test('memory is limited where a limit is given', async () => {
  const limited = loadAddon().openDevice('cpu', { memoryLimit: 2e6 });
  const kept = limited.allocate(1.5e6);
  const message = '[memory] cannot allocate 1.0 MB: 1.5 MB of the limit of 2.0 MB are in use';
  expect(() => limited.allocate(1e6)).toThrow(message);
  // What fits still does.
  const [x, y] = [limited.upload(Float32Array.of(1)), limited.allocate(4)];
  limited.compile(addition(1)).run([x, x], [y]);
  expect([...new Float32Array(await limited.read(y))]).toEqual([2]);
  expect(kept.bytes).toBe(1.5e6);
});
