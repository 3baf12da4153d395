// Which weights training changes: the numbers are those of Keras 3.15, where it says what is trained.
import {
  batchNormalization,
  bidirectional,
  clearSession,
  cloneModel,
  dense,
  dropout,
  HornetError,
  input,
  Layer,
  lstm,
  LSTMCell,
  Model,
  multiHeadAttention,
  ops,
  RNN,
  Sequential,
  timeDistributed,
  Variable,
  type Tensor,
} from 'hornet';
import { deserialize, serialize, type SerializedObject } from '../../lib/saving/serialize.js';

/** Numbers of trainable and other variables, then of trainable and other weights: seeds are no weights. */
const counts = (layer: Layer): number[] => [
  layer.trainableVariables.length,
  layer.nonTrainableVariables.length,
  layer.trainableWeights.length,
  layer.nonTrainableWeights.length,
];
const weightCounts = (layer: Layer): number[] => counts(layer).slice(2);
const states = (model: Model): boolean[] => model.layers.map(({ trainable }) => trainable);

function makeBase(args: { trainable?: boolean } = {}): Model {
  const inputs = input({ shape: [4] });
  let x = batchNormalization({ name: 'norm' })(dense(3, { name: 'first' })(inputs));
  x = dense(2, { name: 'second' })(dropout(0.5)(x));
  return new Model({ inputs, outputs: x, name: 'base', ...args });
}

function onTop(base: Layer, shape = [4]): Sequential {
  return new Sequential([input({ shape }), base, dense(1)]);
}

/** Built for sequences of 3 steps with 4 features. */
function built<T extends Layer>(layer: T): T {
  layer.build([null, 3, 4]);
  return layer;
}

beforeEach(() => clearSession());

describe('a model as a layer', () => {
  test('passes trainable on to all layers inside', () => {
    const base = makeBase();
    const model = onTop(base);
    expect(counts(model)).toEqual([8, 3, 8, 2]);
    base.trainable = false;
    expect([counts(model), counts(base)]).toEqual([
      [2, 9, 2, 8],
      [0, 9, 0, 8],
    ]);
    expect(states(base)).toEqual([false, false, false, false, false]);
    base.trainable = true;
    expect(counts(model)).toEqual([8, 3, 8, 2]);
    model.trainable = false;
    expect([...states(base), ...states(model)]).not.toContain(true);
    expect(counts(model)).toEqual([0, 11, 0, 10]);
  });

  test('may be frozen in part, from below or all but its end', () => {
    const base = makeBase();
    const model = onTop(base);
    base.getLayer('first').trainable = false;
    expect(counts(model)).toEqual([6, 5, 6, 4]);
    base.trainable = false;
    base.getLayer('second').trainable = true;
    // By itself a frozen model trains nothing; within another one its layers count.
    expect([counts(model), counts(base)]).toEqual([
      [4, 7, 4, 6],
      [0, 9, 0, 8],
    ]);
  });

  test('keeps what each layer says in configs and copies', () => {
    const functional = makeBase();
    const stack = new Sequential([input({ shape: [4] }), dense(3), dense(3), dense(2, { name: 'second' })]);
    for (const base of [functional, stack]) {
      base.trainable = false;
      base.getLayer('second').trainable = true;
      const json = JSON.parse(JSON.stringify(serialize(base))) as SerializedObject;
      for (const copy of [deserialize(json) as Model, cloneModel(base)]) {
        expect(states(copy).slice(1)).toEqual(states(base).slice(1));
        expect(copy.trainable).toBe(false);
        expect(weightCounts(onTop(copy))).toEqual(weightCounts(onTop(base)));
      }
    }
  });

  test('shares layers with others, with what they say', () => {
    const shared = dense(2);
    const ends = [input({ shape: [2] }), input({ shape: [2] })];
    const inner = new Model({ inputs: ends[0], outputs: shared(ends[0]) });
    const outer = new Model({ inputs: ends[1], outputs: dense(1)(shared(inner(ends[1]))) });
    inner.trainable = false;
    expect(weightCounts(outer)).toEqual([2, 2]);
  });
});

describe('a layer', () => {
  test('may be frozen when it is made, before or after it is built', () => {
    const layers = [dense(2, { trainable: false }), dense(2), dense(2)];
    layers[1].trainable = false;
    for (const layer of layers) built(layer);
    layers[2].trainable = false;
    for (const layer of layers) {
      expect(weightCounts(layer)).toEqual([0, 2]);
      layer.trainable = true;
      expect(weightCounts(layer)).toEqual([2, 0]);
    }
  });

  test('leaves weights alone that are never trained', () => {
    const norm = built(batchNormalization());
    norm.trainable = false;
    norm.trainable = true;
    expect(norm.trainableWeights.map(({ name }) => name)).toEqual(['gamma', 'beta']);
    const single = built(dense(2));
    single.kernel!.trainable = false;
    expect(single.trainableWeights.map(({ name }) => name)).toEqual(['bias']);
  });

  test('freezes variables in its properties, too', () => {
    class Scale extends Layer {
      readonly factor = new Variable(1);
      override call(x: Tensor): Tensor {
        return ops.multiply(x, this.factor);
      }
    }
    const scale = new Scale();
    const model = onTop(scale);
    expect(weightCounts(model)).toEqual([3, 0]);
    scale.trainable = false;
    expect(weightCounts(model)).toEqual([2, 1]);
  });

  test('has seeds that are never trained', () => {
    const layer = dropout(0.5);
    expect(counts(layer)).toEqual([0, 1, 0, 0]);
    layer.trainable = false;
    expect(counts(layer)).toEqual([0, 1, 0, 0]);
  });

  test('takes nothing but true and false', () => {
    expect(() => dense(1, { name: 'd', trainable: 1 as never })).toThrow(
      new HornetError('d', 'expected trainable to be true or false, received 1'),
    );
    const layer = dense(1, { name: 'e' });
    expect(() => (layer.trainable = 'no' as never)).toThrow('[e] expected trainable to be true or false, received no');
    expect(layer.trainable).toBe(true);
  });
});

test('what is added to a frozen stack is trained within another model', () => {
  const stack = new Sequential([input({ shape: [4] }), dense(3)]);
  stack.trainable = false;
  stack.add(dense(2));
  expect([weightCounts(stack), weightCounts(onTop(stack))]).toEqual([
    [0, 4],
    [4, 2],
  ]);
});

describe('wrappers', () => {
  test('freeze what they wrap', () => {
    const both = built(bidirectional(lstm(2)));
    expect(weightCounts(both)).toEqual([6, 0]);
    both.trainable = false;
    expect(weightCounts(both)).toEqual([0, 6]);
    expect([both.forwardLayer, both.backwardLayer, both.forwardLayer.cell as Layer].map((l) => l.trainable)).toEqual([
      false,
      false,
      false,
    ]);
    both.trainable = true;
    both.forwardLayer.trainable = false;
    expect(weightCounts(both)).toEqual([3, 3]);
    const steps = built(timeDistributed(batchNormalization()));
    steps.trainable = false;
    expect([steps.layer.trainable, ...weightCounts(steps)]).toEqual([false, 0, 4]);
    expect(weightCounts(built(bidirectional(lstm(2, { trainable: false }))))).toEqual([0, 6]);
  });

  // In Keras 3.15 a model around these trains their weights all the same.
  test.each([
    ['timeDistributed', () => timeDistributed(dense(2), { trainable: false })],
    ['bidirectional', () => bidirectional(lstm(2), { trainable: false })],
    ['RNN', () => new RNN(new LSTMCell(2), { trainable: false })],
    ['lstm', () => lstm(2, { trainable: false })],
    ['multiHeadAttention', () => selfAttention({ trainable: false })],
    ['Sequential', () => new Sequential([dense(2), batchNormalization()], { trainable: false })],
  ])('%s that is made frozen freezes what is inside', (_, make) => {
    const layer = make();
    const model = onTop(layer, [3, 4]);
    const paths = (weights: readonly Variable[]): string[] => weights.map(({ path }) => path);
    expect(paths(model.trainableWeights)).toEqual(paths(model.layers.at(-1)!.weights));
    expect(layer.flattenLayers().map(({ trainable }) => trainable)).not.toContain(true);
    layer.trainable = true;
    expect(model.trainableWeights.length).toBeGreaterThan(2);
  });

  test('a functional model that is made frozen, too', () => {
    const base = makeBase({ trainable: false });
    expect(states(base)).not.toContain(true);
    expect(weightCounts(onTop(base))).toEqual([2, 8]);
  });
});

test('the summary counts and marks what is trained', () => {
  const base = makeBase();
  const model = onTop(base);
  base.trainable = false;
  base.getLayer('second').trainable = true;
  const lines: string[] = [];
  model.summary({ showTrainable: true, expandNested: true, printFn: (line) => lines.push(line) });
  const text = lines.join('\n');
  expect(text.match(/ [YN-] +│$/gm)!.map((cell) => cell.trim()[0])).toEqual(['N', '-', 'N', 'N', '-', 'Y', 'Y']);
  expect(text).toContain('Trainable params: 11 (44.00 B)');
  expect(text).toContain('Non-trainable params: 27 (108.00 B)');
});

/** Attention of a sequence to itself, with layers inside that come to be when it is built. */
function selfAttention(args: { trainable: boolean }): Layer {
  class SelfAttention extends Layer {
    readonly attention = multiHeadAttention(2, 2);
    override call(x: Tensor): Tensor {
      return this.attention(x, x);
    }
  }
  return new SelfAttention(args);
}
