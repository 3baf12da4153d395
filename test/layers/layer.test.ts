// The base of layers: calling, building, names, weights, training, masks, dtypes, losses, errors, configs.
import { HornetError } from '../../lib/errors.js';
import { jit, valueAndGrad } from '../../lib/graph/transforms.js';
import { activation, identity, lambda } from '../../lib/layers/core.js';
import { dense, Dense } from '../../lib/layers/dense.js';
import { setDtypePolicy } from '../../lib/layers/dtype-policy.js';
import { embedding } from '../../lib/layers/embedding.js';
import { input } from '../../lib/layers/input.js';
import type { Shape } from '../../lib/layers/input-spec.js';
import { Layer, type CallArgs, type LayerArgs } from '../../lib/layers/layer.js';
import { getMask } from '../../lib/layers/mask.js';
import { clearSession, snakeCase } from '../../lib/layers/naming.js';
import { dropout } from '../../lib/layers/noise.js';
import * as ops from '../../lib/ops/index.js';
import { SeedGenerator } from '../../lib/random.js';
import { registerKerasSerializable } from '../../lib/saving/registry.js';
import { deserialize, serialize, type SerializedObject } from '../../lib/saving/serialize.js';
import { tensor, type DeviceTensor, type Tensor } from '../../lib/tensor.js';
import type { Variable } from '../../lib/variable.js';

const ones = (...shape: number[]): DeviceTensor =>
  tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1), shape);
const read = (x: Tensor): Promise<number[]> => (x as DeviceTensor).numbers();

class Scale extends Layer {
  static readonly className: string = 'Scale';
  factor: Variable | null = null;
  override build(shape: Shape): void {
    this.factor = this.addWeight({ name: 'factor', shape: [shape.at(-1) ?? null], initializer: 'ones' });
    this.addWeight({ name: 'count', shape: [], initializer: 'zeros', trainable: false });
  }
  override call(x: Tensor): Tensor {
    return ops.multiply(x, this.factor!);
  }
}
registerKerasSerializable(Scale, { package: 'test' });

/** A layer of layers: one in a property, two in a list. */
class Block extends Layer {
  readonly first = dense(2);
  readonly rest = [dense(3), dense(1)];
  readonly seeds = new SeedGenerator(1);
  override call(x: Tensor): Tensor {
    return this.rest.reduce((y, layer) => layer(y), this.first(x));
  }
}

beforeEach(() => clearSession());

describe('calling', () => {
  test('layers are functions with fields and methods', async () => {
    const layer = dense(2, { kernelInitializer: 'ones' });
    expect(typeof layer).toBe('function');
    expect(layer).toBeInstanceOf(Dense);
    expect(layer).toBeInstanceOf(Layer);
    expect(layer.name).toBe('dense');
    expect(await read(layer(ones(1, 3)))).toEqual([3, 3]);
    expect(await read(layer([[1, 2, 3]]))).toEqual([6, 6]);
  });

  test('works inside a compiled function, with gradients', async () => {
    const layer = dense(1, { kernelInitializer: 'ones', useBias: false });
    const f = valueAndGrad((x: Tensor) => ops.sum(layer(x)), { argnums: [0] });
    const { argGrads } = f(ones(2, 3));
    expect(await read(argGrads[0] as Tensor)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(layer.built).toBe(true);
    expect(await read(jit((x: Tensor) => layer(x))(ones(1, 3)))).toEqual([3]);
  });

  test('passes structures through', async () => {
    const { a, b } = identity()<{ a: Tensor; b: Tensor }>({ a: ones(1), b: ones(2) });
    expect([a.shape, b.shape]).toEqual([[1], [2]]);
    const sum = lambda(([x, y]: [Tensor, Tensor]) => ops.add(x, y));
    expect(await read(sum([ones(2), ones(2)]))).toEqual([2, 2]);
  });
});

describe('names', () => {
  test('follow Keras', () => {
    const names = [
      'Conv2D',
      'Conv2DTranspose',
      'MaxPooling2D',
      'ReLU',
      'PReLU',
      'LSTM',
      'RMSNormalization',
      'MyABCLayer',
    ];
    expect(names.map(snakeCase)).toEqual([
      'conv2d',
      'conv2d_transpose',
      'max_pooling2d',
      're_lu',
      'p_re_lu',
      'lstm',
      'rms_normalization',
      'my_abc_layer',
    ]);
  });

  test('are numbered, and start over with clearSession', () => {
    expect([dense(1).name, dense(1).name, dense(1, { name: 'own' }).name, dense(1).name]).toEqual([
      'dense',
      'dense_1',
      'own',
      'dense_2',
    ]);
    clearSession();
    expect(dense(1).name).toBe('dense');
  });

  test('a subclass has its own class name', () => {
    class Wide extends Dense {}
    expect(new Wide(1).name).toBe('wide');
  });
});

describe('weights', () => {
  test('come in the order of Keras: own trainable, own others, then sub-layers', () => {
    class Mixed extends Block {
      override build(): void {
        this.addWeight({ name: 'fixed', shape: [1], trainable: false });
        this.addWeight({ name: 'free', shape: [1] });
      }
    }
    const layer = new Mixed({ name: 'mixed' });
    layer(ones(1, 2));
    const paths = ['mixed/free', 'mixed/fixed', 'mixed/dense/kernel', 'mixed/dense/bias', 'mixed/dense_1/kernel'];
    expect(layer.weights.map(({ path }) => path).slice(0, 5)).toEqual(paths);
    expect(layer.variables[2].name).toBe('seed_generator_state');
    expect(layer.trainableWeights).toHaveLength(7);
    expect(layer.nonTrainableWeights.map(({ name }) => name)).toEqual(['fixed']);
    expect(layer.countParams()).toBe(2 + 2 * 3 + 3 * 3 + 4);
  });

  test('are read and replaced', async () => {
    const layer = new Scale();
    layer.build([null, 2]);
    layer.setWeights([[5, 6], 3]);
    expect((await layer.getWeights()).map((w) => [...w])).toEqual([[5, 6], [3]]);
    layer.setWeights([new Float32Array([1, 2]), new Float32Array([0])]);
    expect(await read(layer(ones(1, 2)))).toEqual([1, 2]);
    expect(() => layer.setWeights([[1, 2]])).toThrow('[scale] expected 2 weights, received 1');
    expect(() => layer.setWeights([[1, 2, 3], 0])).toThrow(
      '[scale/factor] expected a value of shape [2], received [3]',
    );
  });

  test('need known shapes', () => {
    expect(() => dense(2).build([null, null])).toThrow("[dense] expected weight 'dense/kernel' to have a known shape");
    expect(() => dense(2).countParams()).toThrow('needs a built layer');
  });

  test('trainable reaches all layers inside', () => {
    const layer = new Block();
    layer(ones(1, 2));
    layer.trainable = false;
    expect(layer.rest[1].trainable).toBe(false);
    expect(layer.trainableWeights).toHaveLength(0);
    expect(layer.nonTrainableWeights).toHaveLength(6);
    layer.rest[0].trainable = true;
    expect(layer.trainableWeights).toHaveLength(0);
    layer.trainable = true;
    expect(layer.trainableWeights).toHaveLength(6);
  });

  test('a layer frozen before it is built stays frozen', () => {
    const layer = dense(1, { trainable: false });
    layer(ones(1, 2));
    expect(layer.trainableWeights).toHaveLength(0);
    expect(layer.weights.every(({ trainable }) => !trainable)).toBe(true);
  });
});

describe('training', () => {
  class Probe extends Layer {
    seen: boolean | null = null;
    override call(x: Tensor, { training }: CallArgs): Tensor {
      this.seen = training;
      return x;
    }
  }
  class Outer extends Layer {
    readonly inner = new Probe();
    constructor(readonly explicit?: boolean) {
      super();
    }
    override call(x: Tensor): Tensor {
      return this.inner(x, this.explicit === undefined ? {} : { training: this.explicit });
    }
  }

  test('defaults to false, comes from the outer call, and an explicit value wins', () => {
    const outer = new Outer();
    outer(ones(1));
    expect(outer.inner.seen).toBe(false);
    outer(ones(1), { training: true });
    expect(outer.inner.seen).toBe(true);
    outer(ones(1));
    expect(outer.inner.seen).toBe(false);
    const fixed = new Outer(false);
    fixed(ones(1), { training: true });
    expect(fixed.inner.seen).toBe(false);
  });

  test('dropout is random only in training, and differs between runs of a program', async () => {
    const layer = dropout(0.5, { seed: 3 });
    expect(await read(layer(ones(8)))).toEqual(Array(8).fill(1));
    const run = jit((x: Tensor) => layer(x, { training: true }));
    const [a, b] = [await read(run(ones(64))), await read(run(ones(64)))];
    expect(a).not.toEqual(b);
    expect(new Set(a)).toEqual(new Set([0, 2]));
  });
});

describe('masks', () => {
  test('travel beside tensors through layers that support them', async () => {
    const masked = embedding(10, 2, { maskZero: true })(tensor([[1, 0, 3]]));
    expect(await read(getMask(masked)!)).toEqual([1, 0, 1]);
    expect(getMask(dense(1)(masked))).not.toBeNull();
    expect(getMask(new Scale()(masked))).toBeNull();
  });

  test('reach the call', () => {
    let seen: unknown = null;
    class Probe extends Layer {
      override call(x: Tensor, { mask }: CallArgs): Tensor {
        seen = mask;
        return x;
      }
    }
    const masked = embedding(10, 2, { maskZero: true })(tensor([[1, 0, 3]]));
    new Probe()(masked);
    expect(seen).toBe(getMask(masked));
    const mask = tensor([[true, true, false]]);
    new Probe()(masked, { mask });
    expect(seen).toBe(mask);
  });
});

describe('dtypes', () => {
  afterEach(() => setDtypePolicy('float32'));

  test('mixed precision computes in half and keeps weights in float32', () => {
    const layer = dense(2, { dtype: 'mixed_bfloat16' });
    const y = layer(ones(1, 3));
    expect(y.dtype).toBe('bfloat16');
    expect(layer.weights.map(({ dtype }) => dtype)).toEqual(['float32', 'float32']);
    expect(dense(2, { dtype: 'float32' })(y).dtype).toBe('float32');
  });

  test('the global policy holds for new layers', () => {
    setDtypePolicy('float16');
    const layer = dense(1);
    expect([layer(ones(1, 2)).dtype, layer.weights[0].dtype]).toEqual(['float16', 'float16']);
  });

  test('gradients of mixed layers are float32', () => {
    const layer = dense(1, { dtype: 'mixed_float16' });
    layer(ones(1, 2));
    const { grads } = valueAndGrad((x: Tensor) => ops.sum(layer(x)), { variables: layer.trainableWeights })(ones(4, 2));
    expect(grads.map((grad) => grad!.dtype)).toEqual(['float32', 'float32']);
  });

  test('an unknown policy is an error', () => {
    expect(() => dense(1, { dtype: 'half' as never })).toThrow("received 'half'");
  });
});

describe('losses', () => {
  test('regularizers, activity and addLoss come together, of the last call only', async () => {
    class Adding extends Layer {
      override call(x: Tensor): Tensor {
        this.addLoss(ops.sum(x));
        return x;
      }
    }
    const adding = new Adding();
    const layer = dense(1, { kernelRegularizer: 'l2', kernelInitializer: 'ones', activityRegularizer: 'l2' });
    adding(ones(3));
    adding(ones(2));
    expect(await Promise.all(adding.losses.map(read))).toEqual([[2]]);
    layer(ones(2, 2));
    const values = (await Promise.all(layer.losses.map(read))).flat();
    expect(values[0]).toBeCloseTo((0.01 * (4 + 4)) / 2);
    expect(values[1]).toBeCloseTo(0.02);
  });

  test('those of a finished program are gone', () => {
    const layer = dense(1, { activityRegularizer: 'l2' });
    jit((x: Tensor) => layer(x))(ones(1, 2));
    expect(layer.losses).toHaveLength(0);
  });
});

describe('errors', () => {
  class Failing extends Layer {
    fail = true;
    override call(x: Tensor): Tensor {
      if (this.fail) throw new Error('no luck');
      return x;
    }
  }

  test('a call that throws names the layer and leaves it usable', async () => {
    const layer = new Failing({ name: 'mine' });
    expect(() => layer(ones(1))).toThrow(HornetError);
    const f = jit((x: Tensor) => layer(x));
    expect(() => f(ones(1))).toThrow('[mine] call() failed: no luck');
    layer.fail = false;
    expect(await read(layer(ones(1)))).toEqual([1]);
    expect(await read(f(ones(1)))).toEqual([1]);
  });

  test('only the innermost layer is named, and the cause is kept', () => {
    class Outer extends Layer {
      readonly inner = new Failing({ name: 'inner' });
      override call(x: Tensor): Tensor {
        return this.inner(x);
      }
    }
    let caught: unknown;
    try {
      new Outer()(ones(1));
    } catch (error) {
      caught = error;
    }
    expect((caught as Error).message).toBe('[inner] call() failed: no luck');
    expect(((caught as Error).cause as Error).message).toBe('no luck');
  });

  test('a build that throws leaves no weights', () => {
    class Half extends Layer {
      ok = false;
      override build(): void {
        this.addWeight({ name: 'w', shape: [1] });
        if (!this.ok) throw new Error('not yet');
      }
      override call(x: Tensor): Tensor {
        return x;
      }
    }
    const layer = new Half();
    expect(() => layer(ones(1))).toThrow('[half] build() failed: not yet');
    expect([layer.built, layer.weights.length]).toEqual([false, 0]);
    layer.ok = true;
    layer(ones(1));
    expect(layer.weights).toHaveLength(1);
  });

  test.each<[string, () => unknown, string]>([
    ['no inputs', () => (dense(1) as unknown as () => void)(), '[dense] expected inputs, received nothing'],
    ['wrong rank', () => dense(1)(ones(3)), '[dense] expected input of rank 2 or more, received shape [3]'],
    ['no tensor', () => dense(1)('text' as never), "[dense] expected a tensor as input, received 'text'"],
    ['units', () => dense(0), '[dense] expected units to be a positive integer, received 0'],
    ['activation', () => activation('nope'), 'nope'],
    ['initializer', () => dense(1, { kernelInitializer: 'nope' }), "unknown initializer 'nope'"],
    ['output', () => dense(1).output, '[dense] this layer has never been called'],
    ['name', () => dense(1, { name: 'a/b' }), "received 'a/b'"],
    ['trainable', () => (dense(1).trainable = 1 as never), 'true or false'],
  ])('%s', (_, fn, message) => expect(fn).toThrow(message));

  test('an async call is refused', () => {
    class Later extends Layer {
      override call(x: Tensor): Tensor {
        return Promise.resolve(x) as never;
      }
    }
    expect(() => new Later()(ones(1))).toThrow('[later] call() must not be async');
  });

  test('a second call with another size says what was expected', () => {
    const layer = dense(1);
    layer(ones(1, 4));
    expect(() => layer(ones(1, 5))).toThrow('[dense] expected input with size 4 along axis -1, received shape [1, 5]');
  });
});

describe('symbolic', () => {
  test('shapes are found by tracing; unknown sizes stay unknown', () => {
    const x = input({ shape: [null, 4] });
    expect(dense(3)(x).symbolicShape).toEqual([null, null, 3]);
    expect(ops.reshape(x, [-1, 4])).toMatchObject({ symbolicShape: [null, 4] });
    expect(dense(3)(input({ batchShape: [2, 4] })).symbolicShape).toEqual([2, 3]);
  });

  test('computeOutputShape', () => {
    expect(dense(3).computeOutputShape([null, 7])).toEqual([null, 3]);
    expect(dense(3).computeOutputShape([5, 7])).toEqual([5, 3]);
  });
});

describe('configs', () => {
  test('follow Keras and come back', async () => {
    const layer = dense(3, { activation: 'relu', kernelRegularizer: 'l2', name: 'd' });
    layer(ones(1, 2));
    const json = serialize(layer);
    expect(json).toMatchInlineSnapshot(`
      {
        "build_config": {
          "input_shape": [
            1,
            2,
          ],
        },
        "class_name": "Dense",
        "config": {
          "activation": "relu",
          "bias_constraint": null,
          "bias_initializer": {
            "class_name": "Zeros",
            "config": {},
            "module": "keras.initializers",
            "registered_name": null,
          },
          "bias_regularizer": null,
          "dtype": {
            "class_name": "DTypePolicy",
            "config": {
              "name": "float32",
            },
            "module": "keras",
            "registered_name": null,
          },
          "kernel_constraint": null,
          "kernel_initializer": {
            "class_name": "GlorotUniform",
            "config": {
              "input_axes": null,
              "output_axes": null,
              "seed": null,
            },
            "module": "keras.initializers",
            "registered_name": null,
          },
          "kernel_regularizer": {
            "class_name": "L2",
            "config": {
              "l2": 0.01,
            },
            "module": "keras.regularizers",
            "registered_name": null,
          },
          "name": "d",
          "quantization_config": null,
          "trainable": true,
          "units": 3,
          "use_bias": true,
        },
        "module": "keras.layers",
        "registered_name": null,
      }
    `);
    const copy = deserialize(JSON.parse(JSON.stringify(json)) as SerializedObject) as Dense;
    expect(serialize(copy)).toEqual(json);
    copy.setWeights(await layer.getWeights());
    expect(await read(copy(ones(1, 2)))).toEqual(await read(layer(ones(1, 2))));
  });

  test('custom layers are registered, or given', () => {
    class Odd extends Layer {
      constructor(
        readonly power: number,
        args: LayerArgs = {},
      ) {
        super(args);
      }
      static override readonly requiredArgs = ['power'];
      override call(x: Tensor): Tensor {
        return ops.power(x, this.power);
      }
      override getConfig(): Record<string, unknown> {
        return { ...super.getConfig(), power: this.power };
      }
    }
    const json = serialize(new Odd(3));
    expect(json).toMatchObject({ module: null, class_name: 'Odd', registered_name: 'Odd', config: { power: 3 } });
    expect(() => deserialize(json)).toThrow("[deserialize] class 'Odd' is not known");
    expect((deserialize(json, { customObjects: { Odd } }) as Odd).power).toBe(3);
    const scale = serialize(new Scale({ name: 's' }));
    expect(scale).toMatchObject({ module: null, registered_name: 'test>Scale' });
    expect(deserialize(scale)).toBeInstanceOf(Scale);
  });
});

describe('low-rank adaptation', () => {
  test('freezes the weight and trains two small matrices', async () => {
    const layer = dense(3, { kernelInitializer: 'ones' });
    layer(ones(1, 2));
    const before = await read(layer(ones(1, 2)));
    layer.enableLora(1, { loraAlpha: 2 });
    expect(await read(layer(ones(1, 2)))).toEqual(before);
    expect(layer.trainableWeights.map(({ name }) => name)).toEqual(['bias', 'lora_kernel_a', 'lora_kernel_b']);
    layer.setWeights([...(await layer.getWeights()).slice(0, 2), [[1], [1]], [[1, 2, 3]]]);
    expect(await read(layer(ones(1, 2)))).toEqual([6, 10, 14]);
    expect(() => layer.enableLora(2)).toThrow('[dense] this layer is adapted already');
    expect((deserialize(serialize(layer)) as Dense).weights).toHaveLength(4);
  });
});
