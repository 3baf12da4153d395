// Loops and branches: values, gradients, state within them, nesting; eagerly, in functions and in training steps.
import {
  grad,
  jit,
  layers,
  Model,
  ops,
  type KerasTensor,
  remat,
  random,
  tensor,
  valueAndGrad,
  Variable,
  type Tensor,
} from 'hornet';

const numbers = async (x: Tensor): Promise<number[]> => [...(await x.data())].map(Number);
const list = (...values: number[]): Tensor => tensor(values);

describe('scan', () => {
  const sums = (xs: Tensor, options = {}) =>
    ops.scan((sum, x: Tensor) => [ops.add(sum, x), ops.multiply(sum, x)], ops.zeros([]), xs, options);

  test('carries, stacks, and keeps places when reversed', async () => {
    const [total, products] = sums(list(1, 2, 3, 4));
    expect(await numbers(total)).toEqual([10]);
    expect(await numbers(products)).toEqual([0, 2, 9, 24]);
    const [, reversed] = sums(list(1, 2, 3, 4), { reverse: true });
    expect(await numbers(reversed)).toEqual([9, 14, 12, 0]);
  });

  test('takes structures, a length without sequences, and plain numbers of the dtype that steps give', async () => {
    const [{ a, b }, ys] = ops.scan(
      ({ a, b }, { x, y }) => [{ a: ops.add(a, x), b: ops.multiply(b, y) }, [a, null]],
      { a: 0, b: ops.ones([2]) },
      {
        x: list(1, 2, 3),
        y: tensor([
          [1, 2],
          [3, 4],
          [5, 6],
        ]),
      },
    );
    expect([await numbers(a), await numbers(b)]).toEqual([[6], [15, 48]]);
    expect(await numbers(ys[0] as Tensor)).toEqual([0, 1, 3]);
    expect(ys[1]).toBeNull();
    const [count] = ops.scan((c: Tensor) => [ops.add(c, 1), null], 0, null, { length: 100 });
    expect(await numbers(count)).toEqual([100]);
    expect(count.dtype).toBe('int32');
  });

  test.each([3, 60])('of %i steps has the gradient of its unrolled form', async (length) => {
    const xs = ops.sin(ops.arange(length * 2, { dtype: 'float32' }));
    const w = tensor([
      [0.5, -0.3],
      [0.2, 0.7],
    ]);
    const step = (h: Tensor, x: Tensor, weight: Tensor): Tensor => ops.tanh(ops.add(ops.matmul(h, weight), x));
    const looped = (x: Tensor, weight: Tensor, h: Tensor): Tensor => {
      const [last, all] = ops.scan(
        (state, slice: Tensor) => {
          const next = step(state, slice, weight);
          return [next, ops.square(next)];
        },
        h,
        ops.reshape(x, [length, 1, 2]),
      );
      return ops.add(ops.sum(all), ops.sum(last));
    };
    const straight = (x: Tensor, weight: Tensor, h: Tensor): Tensor => {
      let total = ops.zeros([]);
      let state = h;
      for (const slice of ops.unstack(ops.reshape(x, [length, 1, 2]))) {
        state = step(state, slice, weight);
        total = ops.add(total, ops.sum(ops.square(state)));
      }
      return ops.add(total, ops.sum(state));
    };
    const h = ops.full([1, 2], 0.1);
    const all = { argnums: [0, 1, 2] };
    const a = valueAndGrad(looped, all)(xs, w, h);
    const b = valueAndGrad(straight, all)(xs, w, h);
    expect((await numbers(a.value))[0]).toBeCloseTo((await numbers(b.value))[0], 3);
    for (const i of [0, 1, 2]) {
      const [found, wanted] = [await numbers(a.argGrads[i] as Tensor), await numbers(b.argGrads[i] as Tensor)];
      found.forEach((number, j) => expect(number).toBeCloseTo(wanted[j], 3));
    }
  });
});

test('variables and random numbers in the body go on from step to step', async () => {
  const counter = new Variable(ops.zeros([]));
  const seed = new random.SeedGenerator(3);
  const run = (): Tensor => {
    const [, draws] = ops.scan(
      () => {
        counter.assign(ops.add(counter, 1));
        return [null, random.uniform([2], { seed })];
      },
      null,
      null,
      { length: 100 },
    );
    return draws;
  };
  for (const fn of [run, jit(run)]) {
    const values = await numbers(fn());
    expect(new Set(values).size).toBe(200);
  }
  expect(await numbers(counter.value)).toEqual([200]);
});

describe('whileLoop', () => {
  test('runs as long as its condition holds', async () => {
    const collatz = (start: Tensor): Tensor[] => [
      ...ops.whileLoop(
        (n: Tensor) => ops.greater(n, 1),
        (n: Tensor, steps: Tensor) => [
          ops.cond(
            ops.equal(ops.mod(n, 2), 0),
            () => ops.floorDivide(n, 2),
            () => ops.add(ops.multiply(n, 3), 1),
          ),
          ops.add(steps, 1),
        ],
        [start, 0],
      ),
    ];
    for (const fn of [collatz, jit(collatz)]) {
      const [n, steps] = fn(tensor(27, undefined, 'int32'));
      expect([await numbers(n), await numbers(steps)]).toEqual([[1], [111]]);
    }
  });

  test('ends after maximumIterations, and takes one tensor alone', async () => {
    const grow = (maximumIterations: number | null): Tensor =>
      ops.whileLoop(
        (x: Tensor) => ops.less(x, 100),
        (x: Tensor) => ops.multiply(x, 2),
        1,
        { maximumIterations },
      );
    expect(await numbers(grow(null))).toEqual([128]);
    expect(await numbers(grow(3))).toEqual([8]);
    expect(await numbers(grow(0))).toEqual([1]);
  });

  test('assigns variables, and sees those that it assigns', async () => {
    const left = new Variable(ops.full([], 5));
    const sum = ops.whileLoop(
      () => ops.greater(left, 0),
      (total: Tensor) => {
        left.assign(ops.subtract(left, 1));
        return ops.add(total, left);
      },
      0,
    );
    expect([await numbers(sum), await numbers(left.value)]).toEqual([[10], [0]]);
  });

  test('says that it has no gradient', () => {
    const loss = (x: Tensor): Tensor =>
      ops.whileLoop(
        (y: Tensor) => ops.less(y, 10),
        (y: Tensor) => ops.multiply(y, y),
        x,
      );
    expect(() => grad(loss)(ops.full([], 2))).toThrow('[whileLoop] has no gradient');
  });
});

describe('foriLoop', () => {
  test('counts between numbers and between tensors', async () => {
    const body = (i: Tensor, x: Tensor): Tensor => ops.add(ops.multiply(x, 2), i);
    expect(await numbers(ops.foriLoop(2, 5, body, 1))).toEqual([8 + 8 + 6 + 4]);
    expect(await numbers(ops.foriLoop(2, tensor(5, undefined, 'int32'), body, 1))).toEqual([26]);
    expect(await numbers(ops.foriLoop(5, 2, body, 7))).toEqual([7]);
  });

  test('has a gradient between numbers', async () => {
    const power = (x: Tensor): Tensor => ops.foriLoop(0, 20, (_, y: Tensor) => ops.multiply(y, x), ops.ones([]));
    const slope = await numbers(grad(power)(ops.full([], 1.1)) as Tensor);
    expect(slope[0]).toBeCloseTo(20 * 1.1 ** 19, 3);
    const second = grad((x: Tensor) => grad(power)(x) as Tensor);
    expect((await numbers(second(ops.full([], 1.1)) as Tensor))[0]).toBeCloseTo(380 * 1.1 ** 18, 1);
  });
});

describe('cond and switch', () => {
  test('run one branch, with its gradient and its assignments', async () => {
    const calls = new Variable(ops.zeros([2]));
    const count = (which: number): void => calls.assign(ops.add(calls, ops.oneHot(which, 2)));
    const fn = jit((flag: Tensor, x: Tensor) =>
      valueAndGrad((y: Tensor) =>
        ops.cond(
          flag,
          () => (count(1), ops.sum(ops.square(y))),
          () => (count(0), ops.sum(ops.exp(y))),
        ),
      )(x),
    );
    const yes = fn(tensor(true), list(1, 2));
    expect([await numbers(yes.value), await numbers(yes.argGrads[0] as Tensor)]).toEqual([[5], [2, 4]]);
    const no = fn(tensor(false), list(0, 0));
    expect([await numbers(no.value), await numbers(no.argGrads[0] as Tensor)]).toEqual([[2], [1, 1]]);
    expect(await numbers(calls.value)).toEqual([1, 1]);
  });

  test('pick the nearest branch for an index out of range', async () => {
    const branches = [(x: Tensor) => ops.add(x, 1), (x: Tensor) => ops.multiply(x, 10)];
    const pick = (index: number): Tensor => ops.switch(index, branches, 3);
    expect(await Promise.all([-1, 0, 1, 5].map((index) => numbers(pick(index))))).toEqual([[4], [4], [30], [30]]);
  });

  test('refuse branches that do not match', () => {
    const flag = tensor(true);
    expect(() =>
      ops.cond(
        flag,
        () => ops.ones([2]),
        () => ops.ones([3]),
      ),
    ).toThrow('[cond] expected all branches to give float32[3], received float32[2]');
    expect(() =>
      ops.cond(
        list(1, 0),
        () => 1,
        () => 2,
      ),
    ).toThrow('expected a scalar as condition');
  });
});

test('map and vectorizedMap stack what a function gives of each element', async () => {
  const pairs = {
    a: tensor([
      [1, 2],
      [3, 4],
    ]),
    b: list(10, 20),
  };
  for (const op of [ops.map, ops.vectorizedMap]) {
    const { dot, sum } = op(
      ({ a, b }: { a: Tensor; b: Tensor }) => ({ dot: ops.multiply(a, b), sum: ops.sum(a) }),
      pairs,
    );
    expect([await numbers(dot), await numbers(sum)]).toEqual([
      [10, 20, 60, 80],
      [3, 7],
    ]);
  }
  const long = ops.map((x: Tensor) => ops.sum(ops.outer(x, x)), ops.ones([300, 3]));
  expect(await numbers(long)).toEqual(Array.from({ length: 300 }, () => 9));
});

test('loops nest, also in gradients', async () => {
  // Rows of a triangular product: an inner loop over columns within an outer one over rows.
  const x = ops.reshape(ops.sin(ops.arange(12 * 11, { dtype: 'float32' })), [12, 11]);
  const nested = (m: Tensor): Tensor => {
    const [total] = ops.scan(
      (sum, row: Tensor) => {
        const [inner] = ops.scan(
          (s, v: Tensor) => [ops.add(ops.multiply(s, 0.9), ops.multiply(v, sum)), null],
          ops.ones([]),
          row,
        );
        return [ops.add(ops.multiply(sum, 0.5), inner), null];
      },
      ops.ones([]),
      m,
    );
    return total;
  };
  const straight = (m: Tensor): Tensor => {
    let sum = ops.ones([]);
    for (const row of ops.unstack(m)) {
      let s = ops.ones([]);
      for (const v of ops.unstack(row)) s = ops.add(ops.multiply(s, 0.9), ops.multiply(v, sum));
      sum = ops.add(ops.multiply(sum, 0.5), s);
    }
    return sum;
  };
  const [found, wanted] = [nested, straight].map((fn) => valueAndGrad(fn)(x));
  expect((await numbers(found.value))[0]).toBeCloseTo((await numbers(wanted.value))[0], 4);
  const [a, b] = [await numbers(found.argGrads[0] as Tensor), await numbers(wanted.argGrads[0] as Tensor)];
  a.forEach((number, i) => expect(number).toBeCloseTo(b[i], 4));
});

test('associativeScan combines all prefixes', async () => {
  const add = (a: Tensor, b: Tensor): Tensor => ops.add(a, b);
  expect(await numbers(ops.associativeScan(add, list(0, 1, 2, 3, 4)))).toEqual([0, 1, 3, 6, 10]);
  const later = (a: Tensor, b: Tensor): Tensor => ops.add(ops.multiply(a, 2), b);
  expect(await numbers(ops.associativeScan(later, list(0, 1, 2, 3, 4), { reverse: true }))).toEqual([
    54, 27, 24, 11, 4,
  ]);
  const rows = ops.associativeScan(
    add,
    tensor([
      [0, 1, 2, 3],
      [3, 4, 5, 6],
    ]),
    { axis: 1 },
  );
  expect(await numbers(rows)).toEqual([0, 1, 3, 6, 3, 7, 12, 18]);
});

describe('functions that say how they are differentiated', () => {
  const sumOf = (f: (x: Tensor) => Tensor) => (xs: Tensor) =>
    ops.scan((c, x: Tensor) => [ops.add(c, f(x)), null], ops.zeros([]), xs)[0];

  test('customGradient: its rule may use values of the step', async () => {
    const doubled = ops.customGradient((x: Tensor) => {
      const e = ops.exp(x);
      return [e, (upstream: Tensor) => ops.multiply(upstream, ops.multiply(e, 2))];
    });
    const slopes = await numbers(grad(sumOf(doubled))(ops.zeros([100])) as Tensor);
    expect(slopes).toEqual(Array.from({ length: 100 }, () => 2));
  });

  test('remat: the step is computed again', async () => {
    const xs = ops.linspace(0, 1, { num: 100 });
    const f = (x: Tensor): Tensor => ops.sin(ops.square(ops.exp(x)));
    const [kept, again] = await Promise.all([f, remat(f)].map((step) => numbers(grad(sumOf(step))(xs) as Tensor)));
    again.forEach((slope, i) => expect(slope).toBeCloseTo(kept[i], 5));
  });
});

test('a functional model may hold loops, over sizes that are not known yet', async () => {
  const x = layers.input({ shape: [null, 2] });
  const double = (row: Tensor): Tensor => ops.multiply(row, 2);
  const [sum] = ops.scan(
    (total: Tensor, row: Tensor) => [ops.add(total, row), null],
    ops.zeros([2]),
    ops.sum(ops.map(double, x), { axis: 1 }),
  );
  const model = new Model({ inputs: x, outputs: sum as KerasTensor });
  expect(await numbers((await model.predict(ops.ones([3, 4, 2]))) as Tensor)).toEqual([24, 24]);
});

test('a step that changes what it carries is told', () => {
  expect(() => ops.scan((c) => [ops.concatenate([c, c]), null], ops.ones([1]), null, { length: 3 })).toThrow(
    '[scan] expected a step to give what it carries as float32[1], received float32[2]',
  );
  expect(() => ops.scan((c) => [c, null], ops.ones([1]))).toThrow('[scan] expected xs or a length, received neither');
});

test('an index out of bounds in a step is told by its op, and leaves variables alone', async () => {
  const state = new Variable(ops.zeros([]));
  const fn = jit((indices: Tensor) => {
    const [sum] = ops.scan((c, i: Tensor) => [ops.add(c, ops.take(list(1, 2, 3), i)), null], ops.zeros([]), indices);
    state.assign(sum);
    return sum;
  });
  const indices = Array.from({ length: 100 }, (_, i) => (i === 50 ? 7 : 1));
  await expect(fn(tensor(indices, undefined, 'int32')).data()).rejects.toThrow('index 7 is out of bounds');
  expect(await numbers(state.value)).toEqual([0]);
});
