// The op table against the addon and against the rows of test/op-cases.ts: neither may have what the other lacks.
import { currentDevice } from '../../lib/device.js';
import { opTable } from '../../lib/graph/op.js';
import type { Attrs } from '../../lib/graph/ir.js';
import { emit, trace } from '../../lib/graph/trace.js';
import { valueAndGrad } from '../../lib/graph/transforms.js';
import { flatten, type Tree } from '../../lib/tree.js';
import { jit, ops, tensor, Tensor, type DeviceTensor } from 'hornet';
import { opCases, sample, type OpCase } from '../op-cases.js';

const primitives = [...opTable.values()];
const kernelOps = primitives.filter(({ elementwise, structural }) => !elementwise && !structural);

test('every op but element-wise ones has a kernel of its name, every kernel an op', () => {
  const names = (list: Iterable<string>): string[] => [...list].sort();
  expect(names(currentDevice().native.kernels())).toEqual(names(kernelOps.map(({ name }) => name)));
});

test('every op has a gradient rule, or says that it has none', () => {
  for (const { grad } of primitives) expect(grad === null || typeof grad === 'function').toBe(true);
});

/** Names of the primitives in the programs of a row: forward and, where it has one, the gradient. */
function primitivesOf({ fn, inputs, grad }: OpCase): string[] {
  const avals = inputs.map(({ shape }) => ({ shape, dtype: 'float64' as const }));
  const listed = (result: unknown): Tensor[] =>
    flatten(result as Tree<Tensor>).filter((leaf) => leaf instanceof Tensor);
  const forward = (...given: Tensor[]): Tensor[] => listed(fn(...given));
  const loss = (...given: Tensor[]): Tensor =>
    forward(...given).reduce((sum, x) => ops.add(sum, ops.sum(x)), ops.zeros([]));
  const both = (...given: Tensor[]): Tensor[] => {
    const { value, argGrads } = valueAndGrad(loss, { argnums: inputs.map((_, i) => i) })(...given);
    return listed([value, ...argGrads] as Tree<Tensor>);
  };
  return trace(grad === false ? forward : both, avals).graph.nodes.map(({ op }) => op.name);
}

/** Primitives that no row reaches, and what checks them instead. */
const elsewhere: Record<string, string> = {
  elementwise: 'made by the fusion pass, test/graph',
  hash: 'test/ops/hash.test.ts',
  hash_combine: 'test/ops/hash.test.ts',
  random_bits: 'native/test/test_random.cpp',
  random_uniform: 'native/test/test_random.cpp',
  random_normal: 'native/test/test_random.cpp',
};

test('every primitive is reached by a row', () => {
  const reached = new Set(opCases.flatMap(primitivesOf));
  const missing = primitives.filter(
    ({ name, structural }) => !structural && !reached.has(name) && !(name in elsewhere),
  );
  expect(missing.map(({ name }) => name)).toEqual([]);
});

/** Inputs and attributes for the ops that say what they mean in simpler ones. */
const fused: Record<string, { shapes: readonly (readonly number[])[]; attrs: Attrs }> = {
  all_finite: { shapes: [[3, 5], [], [0, 2], [40, 50]], attrs: {} },
  attention: {
    shapes: [
      [2, 5, 4, 3],
      [2, 6, 2, 3],
      [2, 6, 2, 3],
    ],
    attrs: { scale: 0.5, causal: true },
  },
  softmax: { shapes: [[3, 5]], attrs: { axis: 1 } },
  log_softmax: { shapes: [[3, 5]], attrs: { axis: 0 } },
  batch_norm: { shapes: [[4, 3, 5], [5], [5]], attrs: { epsilon: 0.01 } },
  batch_norm_grad: { shapes: [[4, 3, 5], [4, 3, 5], [5], [5], [5]], attrs: { epsilon: 0.01 } },
  layer_norm: { shapes: [[4, 3, 5], [5], [5]], attrs: { epsilon: 0.01 } },
  layer_norm_grad: { shapes: [[4, 5], [4, 5], [5], [4], [4]], attrs: { epsilon: 0.01 } },
};

/** Ops whose operands depend on each other, and what compares them. */
const comparedElsewhere = ['attention_grad', 'rnn', 'rnn_grad']; // test/ops/{attention,rnn}.test.ts

const decomposed = primitives.filter(({ name, decompose }) => decompose && !comparedElsewhere.includes(name));

test('every op with a decomposition is compared with it', () => {
  expect(decomposed.map(({ name }) => name).sort()).toEqual(Object.keys(fused).sort());
});

describe.each(decomposed.map((op) => [op.name, op] as const))('%s', (name, op) => {
  test.each(['float32', 'float64', 'float16', 'bfloat16'] as const)('equals its decomposition in %s', async (dtype) => {
    const { shapes, attrs } = fused[name];
    const half = dtype === 'float16' || dtype === 'bfloat16';
    // Statistics and scales stay wide: only what has the shape of the first input is half.
    const inputs = shapes.map((shape) => {
      const { values } = sample(shape, 0.2, 2);
      return tensor(
        [...values],
        shape,
        half && shape !== shapes[0] && shape.length < shapes[0].length ? 'float32' : dtype,
      );
    });
    const numbers = async (results: readonly Tensor[]): Promise<number[]> =>
      (await Promise.all(results.map((x) => (x as DeviceTensor).numbers()))).flat();
    const actual = await numbers(emit(op, inputs, attrs));
    const want = await numbers(jit((...given: Tensor[]) => [...op.decompose!(given, attrs)])(...inputs));
    const tolerance = { float64: 1e-12, float32: 1e-5, float16: 5e-3, bfloat16: 4e-2 }[dtype];
    const scale = Math.max(...want.map(Math.abs));
    const error = Math.max(...actual.map((x, i) => Math.abs(x - want[i])));
    expect(actual).toHaveLength(want.length);
    expect(error).toBeLessThanOrEqual(tolerance * scale);
  });
});
