// Gradients of one's own, and rematerialization: what is computed again, what stays the same, and what it saves.
import { CompiledFunction } from '../../lib/graph/compile.js';
import { gradients } from '../../lib/graph/gradients.js';
import { currentTrace, trace } from '../../lib/graph/trace.js';
import { grad, jit, valueAndGrad } from '../../lib/graph/transforms.js';
import { dense } from '../../lib/layers/dense.js';
import { dropout } from '../../lib/layers/noise.js';
import { RematScope } from '../../lib/layers/remat-scope.js';
import * as ops from '../../lib/ops/index.js';
import { remat } from '../../lib/ops/remat.js';
import { normal } from '../../lib/random.js';
import { tensor, type DeviceTensor, type Tensor } from '../../lib/tensor.js';

const read = (x: unknown): Promise<number[]> => (x as DeviceTensor).numbers();
const { customGradient } = ops;

test('the gradient is the one that the function gives', async () => {
  const round = customGradient((x: Tensor) => [ops.round(x), (upstream: Tensor) => ops.multiply(upstream, 3)]);
  const loss = (x: Tensor): Tensor => ops.sum(ops.multiply(round(x), x));
  const x = tensor([0.4, 1.6]);
  expect(await read(round(x))).toEqual([0, 2]);
  // d/dx round(x) · x = 3x + round(x)
  const slopes = await read(grad(loss)(x));
  [1.2, 6.8].forEach((want, i) => expect(slopes[i]).toBeCloseTo(want, 5));
});

test('several results and arguments; gradients may be missing, or be differentiated again', async () => {
  const fn = customGradient((x: Tensor, y: Tensor) => [
    { product: ops.multiply(x, y), x },
    ({ product }: { product: Tensor }) => [ops.multiply(product, ops.square(y)), null],
  ]);
  const loss = (x: Tensor, y: Tensor): Tensor => ops.sum(fn(x, y).product);
  const x = tensor([2]);
  const y = tensor([5]);
  expect(await read(grad(loss)(x, y))).toEqual([25]);
  expect(grad(loss, { argnums: [1] })(x, y)).toBeNull();
  const second = grad((y: Tensor) => ops.sum(grad((x: Tensor) => loss(x, y))(x) as Tensor));
  expect(await read(second(y))).toEqual([10]);
});

test('the same tensor twice gets both gradients', async () => {
  const fn = customGradient((a: Tensor, b: Tensor) => [ops.add(a, b), (g: Tensor) => [g, ops.multiply(g, 10)]]);
  expect(await read(grad((x: Tensor) => ops.sum(fn(x, x)))(tensor([1])))).toEqual([11]);
});

/** A deep element-wise chain between matrices: much to keep. */
const block = (w: Tensor) => (x: Tensor) => ops.tanh(ops.exp(ops.negative(ops.square(ops.matmul(x, w)))));
const size = 64;
const weights = [1, 2, 3, 4, 5, 6].map((seed) => normal([size, size], { seed, stddev: 0.2 }));
const chain = (wrap: typeof remat | null, x: Tensor): Tensor =>
  weights.reduce((y, w) => (wrap ? wrap(block(w))(y) : block(w)(y)), x);

test('remat changes no number and needs less memory', async () => {
  const x = normal([512, size], { seed: 9 }) as DeviceTensor;
  const compiled = (wrap: typeof remat | null): CompiledFunction =>
    new CompiledFunction(
      'test',
      trace(
        (input) => {
          const loss = ops.sum(chain(wrap, input));
          return [loss, gradients(currentTrace()!, [loss], [input.node])[0]!];
        },
        [x],
      ),
    );
  const [kept, again] = [compiled(null), compiled(remat)];
  expect(again.arenaBytes).toBeLessThan(0.6 * kept.arenaBytes);
  const [a, b] = [kept, again].map((each) => each.run([x]));
  expect(await read(b[0])).toEqual(await read(a[0]));
  expect(await read(b[1])).toEqual(await read(a[1]));
});

test('remat within remat, of functions with gradients of their own, and outside of traces', async () => {
  const clamp = customGradient((x: Tensor) => [ops.clip(x, 0, 1), (g: Tensor) => g]);
  const inner = remat((x: Tensor) => ops.square(clamp(ops.multiply(x, 2))));
  const outer = remat((x: Tensor, scale: number) => ({ y: ops.multiply(inner(x), scale), scale }));
  const x = tensor([0.25, 3]);
  expect(await read(outer(x, 2).y)).toEqual([0.5, 2]);
  // 2 · 2 · clamp(2x) · 1 · 2
  expect(await read(grad((v: Tensor) => ops.sum(outer(v, 2).y))(x))).toEqual([4, 8]);
});

test('dropout drops the same again, and its seed moves on once', async () => {
  const layer = dropout(0.5, { seed: 3 });
  const twin = dropout(0.5, { seed: 3 });
  const x = normal([64, 64], { seed: 1 });
  const gradientOf = (call: (v: Tensor) => Tensor): unknown => grad((v: Tensor) => ops.sum(ops.square(call(v))))(x);
  for (let i = 0; i < 2; i++) {
    const again = gradientOf((v) => remat((u: Tensor) => layer(ops.multiply(u, 2), { training: true }))(v));
    const kept = gradientOf((v) => twin(ops.multiply(v, 2), { training: true }));
    expect(await read(again)).toEqual(await read(kept));
  }
});

test('a scope makes layers compute again: all, some, or their activations', async () => {
  const x = normal([4, 8], { seed: 5 });
  const recorded = (scope: RematScope | null): { copies: number; slopes: Promise<number[]> } => {
    const make = () => dense(8, { activation: 'gelu', name: 'remat_me', kernelInitializer: 'ones' });
    const layer = scope ? scope.run(make) : make();
    layer(x);
    const loss = (v: Tensor): Tensor => ops.sum(layer(v));
    const { graph } = trace((v) => [valueAndGrad(loss)(v).argGrads[0] as Tensor], [x]);
    const copies = graph.nodes.filter(({ op }) => op.name === 'barrier').length;
    return { copies, slopes: read(jit((v: Tensor) => valueAndGrad(loss)(v).argGrads[0])(x)) };
  };
  const plain = recorded(null);
  expect(plain.copies).toBe(0);
  for (const [args, wanted] of [
    [{}, true],
    [{ mode: 'activations' }, true],
    [{ mode: 'list_of_layers', layerNames: ['remat_me'] }, true],
    [{ mode: 'list_of_layers', layerNames: ['other'] }, false],
    [{ mode: 'larger_than', outputSizeThreshold: 31 }, true],
    [{ mode: 'larger_than' }, false],
    [{ mode: null }, false],
  ] as const) {
    const { copies, slopes } = recorded(new RematScope(args));
    expect(copies > 0).toBe(wanted);
    expect(await slopes).toEqual(await plain.slopes);
  }
  expect(() => new RematScope({ mode: 'some' as never })).toThrow('expected mode');
});
