// The recurrence primitives against their meaning step by step: values, first and second derivatives, masks, directions.
import { jit, valueAndGrad } from '../../lib/graph/transforms.js';
import { opTable } from '../../lib/graph/op.js';
import type { DType } from '../../lib/dtype.js';
import * as ops from '../../lib/ops/index.js';
import { recurrent, type RecurrentCell } from '../../lib/ops/rnn-core.js';
import * as random from '../../lib/random.js';
import { tensor, type DeviceTensor, type Tensor } from '../../lib/tensor.js';

const read = (x: Tensor): Promise<number[]> => (x as DeviceTensor).numbers();
type Fn = (...xs: Tensor[]) => Tensor;

const gates = { lstm: 4, gru: 3, tanh: 1, relu: 1 } as const;
const cells = Object.keys(gates) as RecurrentCell[];
const [batch, steps, features, units] = [5, 4, 3, 7];

/** Rows: padded at the end, at the start, a gap, all, none. */
const mask = tensor(
  [
    [1, 1, 0, 0],
    [0, 0, 1, 1],
    [1, 0, 0, 1],
    [1, 1, 1, 1],
    [0, 0, 0, 0],
  ].map((row) => row.map(Boolean)),
);

interface Form {
  readonly reverse: boolean;
  readonly zeroOutput: boolean;
  readonly masked: boolean;
  /** Without bias and first states. */
  readonly bare: boolean;
}
const plain: Form = { reverse: false, zeroOutput: false, masked: false, bare: false };
const forms: Form[] = [
  plain,
  { ...plain, reverse: true, bare: true },
  { ...plain, masked: true },
  { ...plain, masked: true, reverse: true, zeroOutput: true, bare: true },
];

function draw(cell: RecurrentCell, form: Form, dtype: DType): Tensor[] {
  const width = gates[cell] * units;
  const shapes: (readonly number[])[] = [
    [batch, steps, features],
    [features, width],
    [units, width],
  ];
  if (!form.bare) {
    const state = [batch, units];
    shapes.push(cell === 'gru' ? [2, width] : [width], state, ...(cell === 'lstm' ? [state] : []));
  }
  return shapes.map((shape, i) => ops.cast(random.normal(shape, { seed: i, stddev: 0.5, dtype: 'float64' }), dtype));
}

/** Outputs and last states, by the kernel or step by step. */
function run(cell: RecurrentCell, form: Form, inputs: readonly Tensor[], fused: boolean): readonly Tensor[] {
  const [x, kernel, recurrentKernel, bias = null, ...first] = inputs;
  const { reverse, zeroOutput, masked } = form;
  if (fused) {
    const states = form.bare ? null : first;
    const args = { cell, x, kernel, recurrentKernel, bias, states, reverse, zeroOutput, mask: masked ? mask : null };
    const { outputs, states: last } = recurrent(args);
    return [outputs, ...last];
  }
  const zero = ops.zeros([], { dtype: x.dtype });
  const states = form.bare ? (cell === 'lstm' ? [zero, zero] : [zero]) : first;
  const all = [x, kernel, recurrentKernel, bias ?? zero, ...states, ...(masked ? [mask] : [])];
  return opTable.get('rnn')!.decompose!(all, { cell, reverse, zeroOutput });
}

async function expectClose(got: readonly Tensor[], want: readonly Tensor[], tolerance: number): Promise<void> {
  expect(got).toHaveLength(want.length);
  for (const [i, each] of got.entries()) {
    const [a, b] = await Promise.all([read(each), read(want[i])]);
    const scale = Math.max(1e-3, ...b.map(Math.abs));
    expect(Math.max(...a.map((value, j) => Math.abs(value - b[j])))).toBeLessThan(tolerance * scale);
  }
}

/** A scalar in which every element of every output has another weight. */
const weighted =
  (fn: (...xs: Tensor[]) => readonly Tensor[]): Fn =>
  (...xs) =>
    fn(...xs)
      .map((y, i) => {
        const weights = ops.cos(ops.add(ops.reshape(ops.arange(y.size, { dtype: y.dtype }), y.shape), i));
        return ops.sum(ops.multiply(y, weights));
      })
      .reduce((a, b) => ops.add(a, b));

const gradientsOf = (fn: Fn, inputs: Tensor[]): Tensor[] =>
  valueAndGrad(fn, { argnums: inputs.map((_, i) => i) })(...inputs).argGrads as Tensor[];

/** The sum of squares of all gradients: its gradient is a second derivative. */
const slopes =
  (fn: Fn): Fn =>
  (...xs) =>
    gradientsOf(fn, xs)
      .map((g) => ops.sum(ops.square(g)))
      .reduce((a, b) => ops.add(a, b));

const cases = cells.flatMap((cell) => forms.map((form) => [cell, JSON.stringify(form), form] as const));

test.each(cases)('%s %s is what it means step by step', async (cell, _name, form) => {
  const both = [true, false].map((fused) => (...xs: Tensor[]) => run(cell, form, xs, fused));
  for (const [dtype, tolerance] of [['float64', 1e-12], ['float32', 1e-5], ['float16', 2e-3], ['bfloat16', 2e-2]] as const) {
    const inputs = draw(cell, form, dtype);
    const [got, want] = both.map((fn) => jit((...xs: Tensor[]) => [...fn(...xs)])(...inputs));
    await expectClose(got, want, tolerance);
  }
  const inputs = draw(cell, form, 'float64');
  let [fused, decomposed] = both.map(weighted);
  for (const order of [1, 2]) {
    await expectClose(gradientsOf(fused, inputs), gradientsOf(decomposed, inputs), 1e-11);
    if (order === 1) [fused, decomposed] = [slopes(fused), slopes(decomposed)];
  }
}); // prettier-ignore

test.each(cells)('the gradient of %s needs no gradient of every output', async (cell) => {
  const inputs = draw(cell, plain, 'float64');
  for (const output of [0, 1, gates[cell] === 4 ? 2 : 1]) {
    const [got, want] = [true, false].map((fused) =>
      gradientsOf(
        weighted((...xs) => [run(cell, plain, xs, fused)[output]]),
        inputs,
      ),
    );
    await expectClose(got, want, 1e-11);
  }
});

test('a state in two places has the gradients of both', async () => {
  const [x, kernel, recurrentKernel, bias, h] = draw('lstm', plain, 'float64');
  const [got, want] = [true, false].map((fused) =>
    gradientsOf(slopes(weighted((s) => run('lstm', plain, [x, kernel, recurrentKernel, bias, s, s], fused))), [h]),
  );
  await expectClose(got, want, 1e-11);
});

test('takes a batch of none, refuses what does not fit', () => {
  const [x, kernel, recurrentKernel] = draw('gru', plain, 'float32');
  const rnn = { cell: 'gru', kernel, recurrentKernel, bias: null } as const;
  expect(recurrent({ ...rnn, x: ops.zeros([0, 2, features]) }).outputs.shape).toEqual([0, 2, units]);
  expect(() => recurrent({ ...rnn, x: ops.zeros([2, 0, features]) })).toThrow('[rnn] expected an input');
  expect(() => recurrent({ ...rnn, x: ops.zeros([2, 3, features + 1]) })).toThrow('[rnn] expected a kernel');
  expect(() => recurrent({ ...rnn, x, mask: ops.zeros([1, 1], { dtype: 'bool' }) })).toThrow('[rnn] expected a mask');
  expect(() => recurrent({ ...rnn, x, bias: ops.zeros([3 * units]) })).toThrow('[rnn] expected a bias');
});
