// Several devices in one process: two engines of the CPU stand for any two devices.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import {
  Sequential,
  Variable,
  configureDevice,
  currentDevice,
  dense,
  devices,
  dropout,
  grad,
  jit,
  losses,
  ops,
  optimizers,
  random,
  setDevice,
  setRandomSeed,
  tensor,
  withDevice,
  type DeviceTensor,
  type Tensor,
} from 'hornet';
import { nativeOptions } from '../../lib/device-options.js';

const nameOf = (x: Tensor): string => (x as DeviceTensor).device.name;

beforeAll(() => setDevice('cpu'));

test('the CPU is listed with its name and memory', () => {
  const [cpu] = devices();
  expect(cpu).toMatchObject({ name: 'cpu', kind: 'cpu', capability: null });
  expect(cpu.description).toMatch(/\S/);
  expect(cpu.memoryBytes).toBeGreaterThan(2 ** 28);
});

test('tensors and variables live where they are made, and ops run where their tensors are', async () => {
  const here = tensor([1, 2]);
  const [there, variable] = withDevice('cpu:1', () => [tensor([3, 4]), new Variable([5, 6])] as const);
  expect([here, there].map(nameOf)).toEqual(['cpu', 'cpu:1']);
  expect(variable.device.name).toBe('cpu:1');
  expect(currentDevice().name).toBe('cpu');

  const sum = ops.add(ops.mean(there), variable);
  expect(nameOf(sum)).toBe('cpu:1');
  expect(await sum.array()).toEqual([8.5, 9.5]);
  variable.assign([7, 7]);
  expect(await variable.value.array()).toEqual([7, 7]);
  expect(nameOf(ops.concatenate([there, there]))).toBe('cpu:1');
});

test('tensors of two devices in one op are an error that names both', () => {
  const here = tensor([1, 2]);
  const [there, variable] = withDevice('cpu:1', () => [tensor([3, 4]), new Variable([1, 1], { name: 'v' })] as const);
  expect(() => ops.add(here, there)).toThrow('[add] expected all tensors on cpu, received one on cpu:1');
  expect(() => ops.add(there, here)).toThrow('[add] expected all tensors on cpu:1, received one on cpu');
  expect(() => variable.assign(here)).toThrow('[v] expected a value on cpu:1, received one on cpu');
  const scaled = jit((x: Tensor) => ops.multiply(x, variable.value));
  expect(() => scaled(here)).toThrow("[jit] expected all tensors on cpu, received variable 'v' on cpu:1");
  expect(nameOf(scaled(there))).toBe('cpu:1');
});

test('to() copies to another device', async () => {
  const here = tensor([1, -2.5], [2], 'float16');
  const there = await here.to('cpu:1');
  expect(nameOf(there)).toBe('cpu:1');
  expect(there.dtype).toBe('float16');
  expect(await there.array()).toEqual([1, -2.5]);
  expect(await there.to(there.device)).toBe(there);
  expect(await (await there.to('cpu')).array()).toEqual([1, -2.5]);
});

test('withDevice holds across awaits, side by side and nested', async () => {
  const names = async (device: string): Promise<string[]> =>
    withDevice(device, async () => {
      const first = currentDevice().name;
      await new Promise((resolve) => setTimeout(resolve, 5));
      const nested = withDevice('cpu:2', () => nameOf(tensor(1)));
      return [first, nested, nameOf(tensor(1))];
    });
  const results = await Promise.all([names('cpu:1'), names('cpu'), names('cpu:1')]);
  expect(results.map((each) => each.join())).toEqual(['cpu:1,cpu:2,cpu:1', 'cpu,cpu:2,cpu', 'cpu:1,cpu:2,cpu:1']);
  expect(currentDevice().name).toBe('cpu');
  expect(() => withDevice('cpu:1', () => tensor([[1], [1, 2]]))).toThrow('equal length');
  expect(currentDevice().name).toBe('cpu');
});

test('programs are compiled for each device', async () => {
  const double = jit((x: Tensor) => ops.add(x, x));
  const slope = grad((x: Tensor) => ops.sum(ops.square(x)));
  for (const name of ['cpu', 'cpu:1', 'cpu']) {
    const x = withDevice(name, () => tensor([1, 2]));
    expect([nameOf(double(x)), nameOf(slope(x) as Tensor)]).toEqual([name, name]);
    expect(await double(x).array()).toEqual([2, 4]);
    expect(await (slope(x) as Tensor).array()).toEqual([2, 4]);
  }
});

test('random numbers follow the seed on every device', async () => {
  const draw = async (device: string): Promise<unknown> => {
    setRandomSeed(4);
    return withDevice(device, () => random.normal([3]).array());
  };
  expect(await draw('cpu:1')).toEqual(await draw('cpu'));
});

/** Trains a small model that is made on a device; everything after that is done outside. */
async function train(device: string): Promise<unknown[]> {
  setRandomSeed(1);
  const x = Array.from({ length: 20 }, (_, i) => [Math.sin(i), Math.cos(i), i / 20]);
  const y = x.map(([a, b]) => [a * b]);
  const model = withDevice(
    device,
    () => new Sequential([dense(8, { activation: 'tanh', inputShape: [3] }), dropout(0.1), dense(1)]),
  );
  expect(model.device.name).toBe(device);
  model.compile({ optimizer: 'adam', loss: 'mse', metrics: ['mae'] });
  const { history } = await model.fit(x, y, { epochs: 3, batchSize: 8, verbose: 0, validationSplit: 0.2 });
  const batches = [{ x: x.slice(0, 4), y: y.slice(0, 4) }];
  await model.fit(batches.values(), null, { verbose: 0 });
  const prediction = await model.predict(x, { batchSize: 8 });
  expect(nameOf(prediction)).toBe(device);
  expect(model.weights.map((weight) => weight.device.name)).toEqual(Array(4).fill(device));
  model.setWeights(await Promise.all(model.weights.map((weight) => weight.data())));
  expect(nameOf(model.predictOnBatch(x))).toBe(device);
  expect(nameOf(model<Tensor>(x))).toBe(device);
  const loss = new losses.MeanSquaredError()(tensorOn(device, y), prediction);
  return [history, await model.evaluate(x, y, { verbose: 0 }), await prediction.array(), await loss.item()];
}

const tensorOn = (device: string, values: number[][]): Tensor => withDevice(device, () => tensor(values));

test('a model trains where it was made, with the same numbers, also while another one trains elsewhere', async () => {
  const alone = await train('cpu');
  expect(await train('cpu:1')).toEqual(alone);
});

test('models on two devices train side by side, whatever the default is meanwhile', async () => {
  const make = (device: string): Sequential =>
    withDevice(device, () => {
      const model = new Sequential([dense(4, { inputShape: [2], kernelInitializer: 'ones' }), dense(1)]);
      model.compile({ optimizer: new optimizers.Adam({ learningRate: 0.01 }), loss: 'mse' });
      return model;
    });
  const x = Array.from({ length: 64 }, (_, i) => [i % 5, i % 3]);
  const y = x.map(([a]) => [a]);
  const models = ['cpu', 'cpu:1'].map(make);
  const fits = models.map((model) => model.fit(x, y, { epochs: 5, batchSize: 4, verbose: 0, shuffle: false }));
  setDevice('cpu:2');
  const histories = await Promise.all(fits);
  setDevice('cpu');
  for (const { history } of histories) expect(history.loss.at(-1)).toBeLessThan(history.loss[0]);
});

test('data on another device than the model is an error that says what to do', async () => {
  const model = withDevice('cpu:1', () => new Sequential([dense(1, { inputShape: [2] })]));
  model.compile({ optimizer: 'sgd', loss: 'mse' });
  await expect(async () => model.fit(tensor([[1, 2]]), [[1]], { verbose: 0 })).rejects.toThrow(
    "[fit] expected x on cpu:1, where the model is, received a tensor on cpu; move it with to('cpu:1')",
  );
});

test('wrong names and options are errors', () => {
  expect(() => setDevice('tpu')).toThrow(
    "[setDevice] expected a device like 'cpu', 'cuda' or 'cuda:1', received 'tpu'",
  );
  expect(() => withDevice('cuda:x', () => 1)).toThrow("[withDevice] expected a device like 'cpu'");
  expect(() => configureDevice({ threads: 0 })).toThrow('expected threads to be a positive integer');
  expect(() => configureDevice({ memoryLimit: '4 apples' })).toThrow("expected a size like 4GB, received '4 apples'");
  expect(() => configureDevice({ allowTf32: 1 as never })).toThrow('expected allowTf32 to be true or false');
  expect(() => configureDevice({ threads: 1 })).toThrow('a device is already in use');
});

/** Runs `fn` with environment variables. */
function withEnv<T>(variables: Record<string, string>, fn: () => T): T {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, variables);
  try {
    return fn();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

test('options come from code, then from the environment', () => {
  const variables = { HORNET_MEMORY_LIMIT: '4GB', HORNET_TF32: '0', HORNET_DETERMINISTIC: '1' };
  withEnv(variables, () => {
    expect(nativeOptions({}, 1)).toEqual({ index: 1, memoryLimit: 4e9, allowTf32: false, deterministic: true });
    expect(nativeOptions({ memoryLimit: '1.5 MiB', allowTf32: true, deterministic: false, threads: 3 }, 0)).toEqual({
      index: 0,
      threads: 3,
      memoryLimit: 1.5 * 2 ** 20,
      allowTf32: true,
      deterministic: false,
    });
  });
  expect(() => withEnv({ HORNET_TF32: 'no' }, () => nativeOptions({}, 0))).toThrow(
    "[device] expected HORNET_TF32 to be 0 or 1, received 'no'",
  );
  expect(() => withEnv({ HORNET_MEMORY_LIMIT: '-1' }, () => nativeOptions({}, 0))).toThrow('expected a size like 4GB');
});

test('the default device is the one that the environment names', () => {
  const root = new URL('../../', import.meta.url);
  const code = `import { currentDevice, tensor } from '${new URL('lib/index.ts', root).href}';
    console.log(currentDevice().name, tensor(1).device.name);`;
  const args = ['--import', 'tsx', '--input-type=module', '-e', code];
  const env = { ...process.env, HORNET_DEVICE: 'cpu:1', NODE_OPTIONS: '' };
  const { stdout } = spawnSync(process.execPath, args, { env, encoding: 'utf8', cwd: fileURLToPath(root) });
  expect(stdout).toBe('cpu:1 cpu:1\n');
});
