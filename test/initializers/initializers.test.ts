// Initializers, regularizers and constraints: distributions, fixed values, names, configs.
import { dense, type Layer } from '../../lib/layers/index.js';
import { currentDevice } from '../../lib/device.js';
import * as constraints from '../../lib/constraints/index.js';
import * as initializers from '../../lib/initializers/index.js';
import { matmul, ones, transpose, zeros } from '../../lib/ops/index.js';
import * as regularizers from '../../lib/regularizers/index.js';
import { deserialize, serialize } from '../../lib/saving/serialize.js';
import { SeedGenerator } from '../../lib/seed.js';
import { tensor, type DeviceTensor, type Tensor } from '../../lib/tensor.js';
import type { Variable } from '../../lib/variable.js';

const read = (x: Tensor): Promise<number[]> => (x as DeviceTensor).numbers();
const close = (got: number[], want: number[]): void => got.forEach((value, i) => expect(value).toBeCloseTo(want[i], 5));

async function statistics(x: Tensor): Promise<{ mean: number; variance: number; largest: number }> {
  const values = await read(x);
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
  return { mean, variance, largest: Math.max(...values.map(Math.abs)) };
}

describe('random', () => {
  const cases: [string, initializers.Initializer, number, number][] = [
    ['glorotUniform', initializers.glorotUniform({ seed: 1 }), 2 / 300, Math.sqrt(6 / 300)],
    ['heNormal', initializers.heNormal({ seed: 2 }), 2 / 100, (2 * Math.sqrt(2 / 100)) / 0.8796],
    ['lecunUniform', initializers.lecunUniform({ seed: 3 }), 1 / 100, Math.sqrt(3 / 100)],
    ['randomNormal', initializers.randomNormal({ stddev: 0.3, seed: 4 }), 0.09, 3],
    ['truncatedNormal', initializers.truncatedNormal({ stddev: 0.3, seed: 5 }), 0.09 * 0.8796 ** 2, 0.6],
    ['randomUniform', initializers.randomUniform({ minval: -1, maxval: 1, seed: 6 }), 1 / 3, 1],
  ];
  test.each(cases)('%s', async (_name, initializer, variance, limit) => {
    const got = await statistics(initializer([100, 200]));
    expect(got.variance / variance).toBeCloseTo(1, 1);
    expect(Math.abs(got.mean)).toBeLessThan(0.02);
    expect(got.largest).toBeLessThanOrEqual(limit * 1.001);
  });

  test('orthogonal columns of the given length', async () => {
    const w = initializers.orthogonal({ gain: 2, seed: 7 })([3, 2, 4]);
    expect(w.shape).toEqual([3, 2, 4]);
    const flat = initializers.orthogonal({ gain: 2, seed: 7 })([6, 4]);
    const product = await read(matmul(transpose(flat), flat));
    close(
      product,
      Array.from({ length: 16 }, (_, i) => (i % 5 === 0 ? 4 : 0)),
    );
  });

  test('an initializer repeats itself, two without a seed differ', async () => {
    const one = initializers.glorotUniform();
    expect(await read(one([3, 3]))).toEqual(await read(one([3, 3])));
    expect(await read(one([3, 3]))).not.toEqual(await read(initializers.glorotUniform()([3, 3])));
  });
});

describe('weights exist when somebody needs their numbers', () => {
  const bytes = (): number => currentDevice().memory().currentBytes;
  const wide = (): Layer => {
    const layer = dense(256, { kernelInitializer: initializers.heNormal({ seed: 8 }), biasInitializer: 'ones' });
    layer.build([null, 256]);
    return layer;
  };

  test('and are then what they would have been', async () => {
    const before = bytes();
    const layer = wide();
    expect(bytes() - before).toBeLessThan(256 * 256);
    const [kernel, bias] = layer.weights;
    const wanted = await read(initializers.heNormal({ seed: 8 })([256, 256]));
    expect((await read(kernel.value)).findIndex((value, i) => value !== wanted[i])).toBe(-1);
    expect(await read(bias.value)).toEqual(Array(256).fill(1));
  });

  test('or were assigned: then they are never drawn', async () => {
    const [kernel] = wide().weights;
    kernel.assign(zeros([256, 256]));
    kernel.assignAdd(ones([256, 256]));
    expect(new Set(await read(kernel.value))).toEqual(new Set([1]));
  });

  test('draws of one generator come in the order of the weights, whoever is read first', async () => {
    const drawn = (): Variable[] => {
      const seed = new SeedGenerator(4);
      return [3, 4].map((size) => {
        const layer = dense(size, { kernelInitializer: initializers.randomUniform({ seed }) });
        layer.build([null, 2]);
        return layer.weights[0];
      });
    };
    const [first, second] = [drawn(), drawn().reverse()];
    const inOrder = [await read(first[0].value), await read(first[1].value)];
    expect([await read(second[0].value), await read(second[1].value)]).toEqual(inOrder.reverse());
  });
});

test('fixed values', async () => {
  close(await read(initializers.identity({ gain: 3 })([2, 3])), [3, 0, 0, 0, 3, 0]);
  close(await read(initializers.constant(0.5)([2])), [0.5, 0.5]);
  expect(initializers.zeros()([2], 'int32').dtype).toBe('int32');
});

test('penalties', async () => {
  const w = tensor([[1, -2], [3, -4]]); // prettier-ignore
  close(await read(regularizers.l1(0.1)(w)), [1]);
  close(await read(regularizers.l2({ l2: 0.1 })(w)), [3]);
  close(await read(regularizers.l1L2({ l1: 0.1, l2: 0.1 })(w)), [4]);
  close(await read(regularizers.orthogonalRegularizer({ factor: 1 })(tensor([[1, 0], [1, 1]]))), [Math.SQRT1_2]); // prettier-ignore
});

test('projections', async () => {
  const w = tensor([[3, 0.1], [4, 0]]); // prettier-ignore
  close(await read(constraints.maxNorm({ maxValue: 1 })(w)), [0.6, 0.1, 0.8, 0]);
  close(await read(constraints.unitNorm()(w)), [0.6, 0.999999, 0.8, 0]);
  close(await read(constraints.minMaxNorm({ minValue: 0.5, maxValue: 1 })(w)), [0.6, 0.4999995, 0.8, 0]);
  close(await read(constraints.nonNeg()(tensor([-1, 2]))), [0, 2]);
});

test('names and configs', () => {
  expect(initializers.getInitializer('he_normal')).toBeInstanceOf(initializers.HeNormal);
  expect(initializers.getInitializer('heNormal')).toBeInstanceOf(initializers.HeNormal);
  expect(regularizers.getRegularizer('l1_l2')).toBeInstanceOf(regularizers.L1L2);
  expect(constraints.getConstraint('max_norm')).toBeInstanceOf(constraints.MaxNorm);
  expect(() => initializers.getInitializer('nothing')).toThrow(/unknown initializer 'nothing'/);
  const json = serialize(initializers.varianceScaling({ mode: 'fan_out', seed: 3 }));
  expect(json.config).toMatchObject({ scale: 1, mode: 'fan_out', distribution: 'truncated_normal', seed: 3 });
  expect((deserialize(json) as initializers.VarianceScaling).getConfig()).toMatchObject({ mode: 'fan_out', seed: 3 });
});
