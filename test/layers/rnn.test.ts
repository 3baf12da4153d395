// Recurrent layers: the kernel against the cell step by step, masks, states, dropout, what they refuse. Numbers are
// compared with Keras's in test/vectors.
import * as layers from '../../lib/layers/index.js';
import { Layer, type RNNArgs } from '../../lib/layers/index.js';
import { getMask } from '../../lib/layers/mask.js';
import { input } from '../../lib/layers/input.js';
import { Model } from '../../lib/models/model.js';
import { trace } from '../../lib/graph/trace.js';
import { valueAndGrad } from '../../lib/graph/transforms.js';
import * as ops from '../../lib/ops/index.js';
import * as random from '../../lib/random.js';
import { deserialize, serialize } from '../../lib/saving/serialize.js';
import { tensor, type DeviceTensor, type Tensor } from '../../lib/tensor.js';
import { flatten, type Tree } from '../../lib/tree.js';

const read = (x: Tensor): Promise<number[]> => (x as DeviceTensor).numbers();
const x = random.normal([3, 4, 2], { seed: 1 });
const mask = tensor([
  [true, true, false, false],
  [false, true, false, true],
  [false, false, false, false],
]);

async function expectClose(got: readonly Tensor[], want: readonly Tensor[]): Promise<void> {
  expect(got.map(({ shape }) => shape)).toEqual(want.map(({ shape }) => shape));
  for (const [i, each] of got.entries()) {
    const [a, b] = await Promise.all([read(each), read(want[i])]);
    a.forEach((value, j) => expect(Math.abs(value - b[j])).toBeLessThan(2e-6));
  }
}

/** The layer with the same cell under a cover that the kernel for whole sequences does not know. */
class Covered extends Layer {
  readonly stateSize;
  readonly outputSize;
  constructor(readonly cell: layers.LSTMCell | layers.GRUCell | layers.SimpleRNNCell) {
    super();
    this.stateSize = cell.stateSize;
    this.outputSize = cell.outputSize;
  }
  override build(shape: layers.Shape): void {
    if (!this.cell.built) this.cell.build(shape);
  }
  override call(inputs: Tensor, states: readonly Tensor[]): Tree<Tensor> {
    return this.cell(inputs, states as Tensor[]);
  }
}

const cells = {
  lstm: () => layers.lstmCell(5),
  gru: () => layers.gruCell(5),
  simple: () => layers.simpleRnnCell(5),
  'simple relu': () => layers.simpleRnnCell(5, { activation: 'relu', useBias: false }),
};
const options: RNNArgs[] = [
  { returnState: true },
  { returnSequences: true, goBackwards: true },
  { returnSequences: true, returnState: true, zeroOutputForMask: true },
  { goBackwards: true, zeroOutputForMask: true },
];
const rows = Object.entries(cells).flatMap(([name, make]) =>
  options.map((args) => [name, JSON.stringify(args), make, args] as const),
);

test.each(rows)('%s %s: the kernel gives what the steps give', async (_name, _args, make, args) => {
  const cell = make();
  const fast = layers.rnn(cell, args);
  const slow = layers.rnn(new Covered(cell), args);
  const initialState = fast.getInitialState(3).map((_, i) => random.normal([3, 5], { seed: i }));
  fast(x);
  const weights = cell.weights;
  for (const given of [{}, { mask }, { initialState }, { mask, initialState }]) {
    const [got, want] = [fast, slow].map((layer) => {
      const run = (inputs: Tensor): Tensor[] => flatten(layer<Tree<Tensor>>(inputs, given));
      const loss = (inputs: Tensor): Tensor =>
        run(inputs)
          .map((y, i) => ops.sum(ops.multiply(y, ops.sin(ops.add(ops.reshape(ops.arange(y.size), y.shape), i)))))
          .reduce((a, b) => ops.add(a, b));
      const { argGrads, grads } = valueAndGrad(loss, { argnums: [0], variables: weights })(x);
      return [...run(x), argGrads[0] as Tensor, ...(grads as Tensor[])];
    });
    await expectClose(got, want);
  }
});

const opsOf = (layer: layers.RNN, training = false): string[] => {
  layer(x);
  const run = (inputs: Tensor): Tensor[] => flatten(layer<Tree<Tensor>>(inputs, { training, mask }));
  return trace(run, [x]).graph.nodes.map(({ op }) => op.name);
};

test('one kernel runs all steps wherever it knows the cell', () => {
  const { lstm, gru, simpleRnn } = layers;
  const fused = [lstm(3), gru(3), simpleRnn(3), simpleRnn(3, { activation: 'relu' }), lstm(3, { dropout: 0.5 })];
  for (const layer of fused) expect(opsOf(layer, true)).toContain('rnn');
  const stepwise = [
    lstm(3, { activation: 'relu' }),
    lstm(3, { recurrentActivation: 'hardSigmoid' }),
    gru(3, { resetAfter: false }),
    simpleRnn(3, { activation: 'elu' }),
  ];
  for (const layer of stepwise) expect(opsOf(layer)).not.toContain('rnn');
  const dropping = gru(3, { recurrentDropout: 0.5 });
  expect(opsOf(dropping, false)).toContain('rnn');
  expect(opsOf(dropping, true)).not.toContain('rnn');
});

test('masks go on with sequences only', () => {
  const masks = (args: RNNArgs): (Tensor | null)[] =>
    flatten(layers.gru(2, args)<Tree<Tensor>>(x, { mask })).map(getMask);
  expect(masks({})).toEqual([null]);
  expect(masks({ returnSequences: true })).toEqual([mask]);
  expect(masks({ returnSequences: true, returnState: true })).toEqual([mask, null]);
});

test('a stateful layer goes on where it stopped', async () => {
  const layer = layers.lstm(3, { stateful: true });
  const whole = layers.rnn(layer.cell);
  const [first, second] = ops.split(x, 2, { axis: 1 });
  layer(first);
  await expectClose([layer(second)], [whole(x)]);
  expect(layer.weights).toHaveLength(3);
  layer.resetState();
  await expectClose([layer(first)], [whole(first)]);
  expect(() => layer(ops.zeros([2, 2, 2]))).toThrow('expected states of shapes [2, 3], [2, 3]');
  expect(() => layers.gru(3, { stateful: true })(input({ shape: [4, 2] }))).toThrow('known batch size');
  expect(() => layers.gru(3).resetState()).toThrow('stateful');
});

test('a model keeps the states of its stateful layer', async () => {
  const inputs = input({ batchShape: [3, 4, 2] });
  const layer = layers.gru(3, { stateful: true });
  const model = new Model({ inputs, outputs: layer(inputs) });
  const [one, two] = [await read(model(x)), await read(model(x))];
  expect(one).not.toEqual(two);
  layer.resetState();
  expect(await read(model(x))).toEqual(one);
});

test('states may be symbolic: the decoder of a translator', async () => {
  const source = input({ shape: [4, 2] });
  const target = input({ shape: [null, 2] });
  const [, ...states] = layers.lstm(3, { returnState: true })(source) as unknown as (typeof source)[];
  const outputs = layers.lstm(3, { returnSequences: true })(target, { initialState: states });
  expect(outputs.symbolicShape).toEqual([null, null, 3]);
  const model = new Model({ inputs: [source, target], outputs });
  const y = model([x, random.normal([3, 6, 2], { seed: 2 })]);
  expect(y.shape).toEqual([3, 6, 3]);
});

test.each(['relu', 'elu'])('dropout draws once per sequence, with %s', async (activation) => {
  const ones = ops.ones([1, 3, 64]);
  const layer = layers.simpleRnn(64, {
    activation,
    dropout: 0.5,
    kernelInitializer: 'identity',
    recurrentInitializer: 'zeros',
    returnSequences: true,
  });
  const drawn = [0, 1].map(() => layer(ones, { training: true }));
  const [a, b] = await Promise.all(drawn.map(read));
  expect(new Set(a)).toEqual(new Set([0, 2]));
  expect(a.slice(0, 64)).toEqual(a.slice(64, 128));
  expect(a).not.toEqual(b);
  expect(await read(layer(ones))).toEqual(a.map(() => 1));
});

test('a cell keeps its pattern until it is reset, but for other traces', () => {
  const cell = layers.gruCell(2, { dropout: 0.5, recurrentDropout: 0.5 });
  const step = ops.ones([1, 2]);
  const first = cell.getDropoutMask(step)!;
  expect(cell.getDropoutMask(step)).toBe(first);
  trace(
    (inputs) => {
      expect(cell.getDropoutMask(inputs)).not.toBe(first);
      return [inputs];
    },
    [step],
  );
  cell.resetDropoutMask();
  expect(cell.getDropoutMask(step)).not.toBe(first);
  expect(layers.gruCell(2).getRecurrentDropoutMask(step)).toBeNull();
});

test('runs cells of a user', async () => {
  class Sum extends Layer {
    readonly stateSize = 2;
    override call(inputs: Tensor, states: readonly Tensor[]): Tree<Tensor> {
      const sum = ops.add(inputs, states[0]);
      return [sum, [sum]];
    }
  }
  const y = layers.rnn(new Sum())(x, { mask });
  const counted = ops.multiply(x, ops.expandDims(ops.cast(mask, 'float32'), -1));
  await expectClose([y], [ops.sum(counted, { axis: 1 })]);
  const stacked = layers.rnn([new Sum(), new Sum()], { returnState: true });
  expect(flatten(stacked<Tree<Tensor>>(x)).map(({ shape }) => shape)).toEqual([[3, 2], [3, 2], [3, 2]]); // prettier-ignore
});

test('both directions: merged, with states and their own weights', async () => {
  const layer = layers.bidirectional(layers.gru(3, { returnSequences: true, returnState: true, name: 'it' }), {
    mergeMode: null,
  });
  const [forward, backward, a, b] = layer<Tensor[]>(x, { mask });
  expect([layer.forwardLayer.name, layer.backwardLayer.name]).toEqual(['forward_it', 'backward_it']);
  expect(getMask(forward)).toBe(mask);
  expect(getMask(backward)).toBe(mask);
  const mirrored = layers.rnn(layer.backwardLayer.cell, { returnSequences: true, zeroOutputForMask: true });
  const [turned] = [ops.flip(mirrored(ops.flip(x, { axis: 1 }), { mask: ops.flip(mask, { axis: 1 }) }), { axis: 1 })];
  await expectClose([backward], [turned]);
  const again = layer<Tensor[]>(x, { initialState: [a, b] });
  expect(again).toHaveLength(4);
  const copy = deserialize(serialize(layer)) as typeof layer;
  expect(copy.weights).toHaveLength(6);
  expect(copy.backwardLayer.goBackwards).toBe(true);
  const summed = layers.bidirectional(layers.lstm(3), { mergeMode: 'sum', backwardLayer: layers.lstm(3, { goBackwards: true }) });
  expect(summed(x).shape).toEqual([3, 3]);
}); // prettier-ignore

test('refuses what does not fit', () => {
  const { lstm, gru, rnn, bidirectional, stackedRnnCells, dense } = layers;
  expect(() => lstm(0)).toThrow('expected units to be a positive integer');
  expect(() => lstm(2)(ops.zeros([2, 3]))).toThrow('rank 3');
  expect(() => lstm(2)(x, { mask: ops.ones([3, 3]) })).toThrow('expected a mask of shape [3, 4]');
  expect(() => lstm(2)(x, { initialState: ops.zeros([3, 2]) })).toThrow('expected states of shapes');
  expect(() => rnn(dense(2) as never)).toThrow('expected cell to be a layer with a stateSize');
  expect(() => stackedRnnCells([])).toThrow('expected cells');
  expect(() => bidirectional(dense(2) as never)).toThrow('expected a recurrent layer');
  expect(() => bidirectional(gru(2), { mergeMode: 'max' as never })).toThrow('mergeMode');
  expect(() => bidirectional(gru(2), { backwardLayer: gru(2) })).toThrow('goBackwards');
  const other = gru(2, { goBackwards: true, returnSequences: true });
  expect(() => bidirectional(gru(2), { backwardLayer: other })).toThrow('returnSequences');
});
