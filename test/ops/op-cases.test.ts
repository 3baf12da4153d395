// Every row of test/op-cases.ts: values, one program against one program per op, gradients against finite differences.
import { jit, ops, tensor, valueAndGrad, type Tensor } from 'hornet';
import type { DeviceTensor } from '../../lib/tensor.js';
import { opCases, type OpCase, type Sample } from '../op-cases.js';

const upload = ({ values, shape }: Sample): DeviceTensor => tensor([...values], shape, 'float64');
const listed = (result: Tensor | Tensor[]): Tensor[] => (Array.isArray(result) ? result : [result]);
const numbers = (result: Tensor): Promise<number[]> => (result as DeviceTensor).numbers();

function expectClose(actual: readonly number[], want: readonly number[], tolerance: number): void {
  expect(actual).toHaveLength(want.length);
  const scale = Math.max(1, ...want.map(Math.abs));
  const error = Math.max(0, ...actual.map((x, i) => Math.abs(x - want[i])));
  if (!(error <= tolerance * scale)) expect(actual).toEqual(want);
}

/** The outputs weighted with cos(0), cos(1), … and summed: a loss that depends on every element. */
function weighted({ fn }: OpCase, inputs: Tensor[]): Tensor {
  const parts = listed(fn(...inputs)).map((output) => {
    const weights = Array.from({ length: output.size }, (_, i) => Math.cos(i));
    return ops.sum(ops.multiply(ops.reshape(output, [-1]), ops.array(weights, { dtype: 'float64' })));
  });
  return parts.reduce((total, part) => ops.add(total, part));
}

async function finiteDifferences(row: OpCase): Promise<number[][]> {
  const step = 1e-5;
  const loss = jit((...inputs: Tensor[]) => weighted(row, inputs));
  const at = async (moved: number, index: number, by: number): Promise<number> => {
    const inputs = row.inputs.map(({ values, shape }, i) => {
      return upload({ values: values.map((x, j) => (i === moved && j === index ? x + by : x)), shape });
    });
    return (await numbers(loss(...inputs)))[0];
  };
  const slope = async (input: number, index: number): Promise<number> =>
    ((await at(input, index, step)) - (await at(input, index, -step))) / (2 * step);
  return Promise.all(row.inputs.map(({ values }, i) => Promise.all(values.map((_, j) => slope(i, j)))));
}

describe.each(opCases.map((row) => [row.name, row] as const))('%s', (_name, row) => {
  test('gives its values, as one program or op by op', async () => {
    const inputs = row.inputs.map(upload);
    const eager = listed(row.fn(...inputs));
    const compiled = jit((...args: Tensor[]) => listed(row.fn(...args)))(...inputs);
    for (const [i, output] of eager.entries()) {
      expect(compiled[i].shape).toEqual(output.shape);
      expectClose(await numbers(compiled[i]), await numbers(output), 1e-12);
    }
    if (row.want) expectClose(await numbers(eager[0]), row.want, 1e-6);
  });

  if (row.grad === false) return;
  test('has the gradient of finite differences', async () => {
    const argnums = row.inputs.map((_, i) => i);
    const { argGrads } = valueAndGrad((...inputs: Tensor[]) => weighted(row, inputs), { argnums })(
      ...row.inputs.map(upload),
    );
    const want = await finiteDifferences(row);
    for (const [i, gradient] of argGrads.entries()) {
      const zeros = row.inputs[i].values.map(() => 0);
      expectClose(gradient ? await numbers(gradient as Tensor) : zeros, want[i], 1e-6);
    }
  });
});
