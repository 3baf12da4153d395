// Every row of test/op-cases.ts and test/large-op-cases.ts on the CPU and on the GPU: values and gradients in each float
// type. Where there is no GPU, a second engine of the CPU stands for it, for a few rows.
import { devices, jit, ops, random, tensor, Tensor, valueAndGrad, withDevice, type DType } from 'hornet';
import { isFloat } from '../../lib/dtype.js';
import type { DeviceTensor } from '../../lib/tensor.js';
import { largeOpCases } from '../large-op-cases.js';
import { opCases, type OpCase } from '../op-cases.js';

const gpu = devices().find(({ kind }) => kind === 'cuda');
const other = gpu?.name ?? 'cpu:1';

/** The largest distance in relation to the largest value; of gradients it may be so many times that. */
const tolerances: Partial<Record<DType, number>> = { float32: 2e-5, float64: 1e-10, float16: 4e-3, bfloat16: 3e-2 };
const GRADIENTS = 5;
const types = (gpu ? Object.keys(tolerances) : ['float32']) as DType[];
const every = gpu ? 1 : 7;

/** Ops of which only one type, or none, exists. */
const only: Partial<Record<string, readonly DType[]>> = {
  qr: ['float32', 'float64'],
  nextafter: ['float32', 'float64'],
};

interface Results {
  readonly dtypes: readonly DType[];
  readonly values: readonly number[][];
}

async function results(tensors: readonly (Tensor | null)[]): Promise<Results> {
  const present = tensors.filter((each): each is DeviceTensor => each instanceof Tensor);
  return {
    dtypes: present.map(({ dtype }) => dtype),
    values: await Promise.all(present.map((each) => each.numbers())),
  };
}

const listed = (given: Tensor | readonly Tensor[]): readonly Tensor[] => (given instanceof Tensor ? [given] : given);

/** The sum of all float outputs, weighted so that every element counts for something else. */
function weighted(outputs: readonly Tensor[]): Tensor {
  const parts = outputs
    .filter(({ dtype }) => isFloat(dtype))
    .map((output) => {
      const flat = ops.cast(ops.reshape(output, [-1]), 'float32');
      return ops.sum(ops.multiply(flat, ops.cos(ops.arange(output.size, { dtype: 'float32' }))));
    });
  return parts.reduce((total, part) => ops.add(total, part));
}

/** What a row gives on a device, as one program each for values and gradients. */
async function compute({ fn, inputs, grad }: OpCase, dtype: DType, device: string): Promise<[Results, Results | null]> {
  const given = withDevice(device, () => inputs.map(({ values, shape }) => tensor([...values], shape, dtype)));
  const outputs = jit((...args: Tensor[]) => [...listed(fn(...args))])(...given);
  if (grad === false || given.some(({ size }) => size === 0)) return [await results(outputs), null];
  const loss = (...args: Tensor[]): Tensor => weighted(listed(fn(...args)));
  const { argGrads } = valueAndGrad(loss, { argnums: inputs.map((_, i) => i) })(...given);
  return [await results(outputs), await results(argGrads as (Tensor | null)[])];
}

function expectClose(actual: Results, want: Results, factor: number): void {
  expect(actual.dtypes).toEqual(want.dtypes);
  const largest = want.values.map((values) => values.reduce((most, x) => Math.max(most, Math.abs(x)), 0));
  for (const [i, values] of want.values.entries()) {
    const tolerance = factor * (tolerances[want.dtypes[i]] ?? 0);
    // Of a small gradient beside large ones rounding leaves little.
    const limit = tolerance * Math.max(1e-3, largest[i], factor > 1 ? 0.1 * Math.max(...largest) : 0);
    const error = values.map((x, k) => (Object.is(x, actual.values[i][k]) ? 0 : Math.abs(x - actual.values[i][k])));
    const worst = error.reduce((at, x, k) => (x <= error[at] ? at : k), 0);
    expect(actual.values[i]).toHaveLength(values.length);
    if (values.length > 0 && !(error[worst] <= limit)) {
      const text = `${actual.values[i][worst]} on ${other}, ${values[worst]} on the CPU`;
      throw new Error(`result ${i} at ${worst} of ${values.length}: ${text} (allowed ${limit.toPrecision(2)})`);
    }
  }
}

describe.each(types)(`%s on ${other} as on the CPU`, (dtype) => {
  const chosen = [...opCases, ...largeOpCases].filter(
    ({ name }, i) => i % every === 0 && (only[name]?.includes(dtype) ?? true),
  );
  test.each(chosen.map((row) => [row.name, row] as const))('%s', async (_name, row) => {
    const [want, wantGradients] = await compute(row, dtype, 'cpu');
    const [actual, gradients] = await compute(row, dtype, other);
    expectClose(actual, want, 1);
    if (wantGradients) expectClose(gradients!, wantGradients, GRADIENTS);
  });
});

test.each([
  ['bits', () => random.randint([10_007], 0, 1 << 20, { seed: 5 }), 0],
  ['uniform numbers', () => random.uniform([10_007], { seed: 5 }), 1e-6],
  ['normal numbers', () => random.normal([10_007], { seed: 5 }), 1e-5],
  ['dropout', () => random.dropout(ops.ones([100, 101]), 0.3, { seed: 5 }), 1e-6],
] as const)('random %s are those of the CPU', async (_name, draw, tolerance) => {
  const drawn = (device: string): Promise<number[]> => withDevice(device, () => (draw() as DeviceTensor).numbers());
  const [actual, want] = [await drawn(other), await drawn('cpu')];
  const error = want.reduce((most, x, i) => Math.max(most, Math.abs(x - actual[i])), 0);
  expect(error).toBeLessThanOrEqual(tolerance);
});
