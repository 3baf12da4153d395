// jit from the user's side: caches, state, what is refused, and tensors that outlive or leave their program.
import { DeviceTensor, grad, HornetError, jit, ops, tensor, Variable, valueAndGrad, type Tensor } from 'hornet';
import { CompiledFunction } from '../../lib/graph/compile.js';
import { trace } from '../../lib/graph/trace.js';

const numbers = (x: Tensor): Promise<number[]> => x.numbers();

describe('jit', () => {
  test('records once per combination of shapes, dtypes and other arguments', async () => {
    let traces = 0;
    const scaled = jit((x: Tensor, factor: unknown) => {
      traces++;
      return ops.multiply(x, factor === Infinity ? 10 : factor === -Infinity ? 20 : Number(factor ?? 30));
    });
    const calls: [Tensor, unknown, number, number][] = [
      [tensor([1, 2]), 2, 1, 2],
      [tensor([3, 4]), 2, 1, 6],
      [tensor([3, 4]), 3, 2, 9],
      [tensor([3, 4, 5]), 3, 3, 9],
      [tensor([3, 4], [2], 'float64'), 3, 4, 9],
      [tensor([3, 4]), Infinity, 5, 30],
      [tensor([3, 4]), -Infinity, 6, 60],
      [tensor([3, 4]), null, 7, 90],
      [tensor([3, 4]), 3, 7, 9],
    ];
    for (const [x, factor, expected, first] of calls) {
      expect([(await numbers(scaled(x, factor)))[0], traces]).toEqual([first, expected]);
    }
  });

  test('functions and objects are told apart by identity, not by their text', async () => {
    const apply = jit((x: Tensor, fn: (x: Tensor) => Tensor) => fn(x));
    const times = (factor: number) => (x: Tensor) => ops.multiply(x, factor);
    expect(await numbers(apply(tensor([1, 2]), times(2)))).toEqual([2, 4]);
    expect(await numbers(apply(tensor([1, 2]), times(3)))).toEqual([3, 6]);
    const plus = jit((x: Tensor, v: Variable) => ops.add(x, v.value));
    expect(await numbers(plus(tensor([1]), new Variable([1])))).toEqual([2]);
    expect(await numbers(plus(tensor([1]), new Variable([5])))).toEqual([6]);
  });

  test('takes and gives nested structures', async () => {
    const fn = jit(({ a, b }: { a: Tensor; b: readonly Tensor[] }) => ({
      sum: ops.add(a, b[0]),
      rest: [b[1], 'text'],
    }));
    const { sum, rest } = fn({ b: [tensor([2]), tensor([3])], a: tensor([1]) });
    expect([await numbers(sum), await numbers(rest[0] as Tensor), rest[1]]).toEqual([[3], [3], 'text']);
  });

  test('within another it becomes part of the program around it', async () => {
    const inner = jit((x: Tensor) => ops.square(x));
    const outer = jit((x: Tensor) => ops.add(inner(x), inner(inner(x))));
    expect(await numbers(outer(tensor([2])))).toEqual([20]);
  });

  test('arguments given twice, results given twice, an argument or an outer tensor as the result', async () => {
    const outer = tensor([7]);
    const fn = jit((x: Tensor, y: Tensor) => {
      const sum = ops.add(x, y);
      return [sum, sum, x, ops.reshape(x, [1, 1]), ops.reshape(sum, [1, 1]), outer];
    });
    const x = tensor([2]);
    const results = fn(x, x);
    expect(await Promise.all(results.map(numbers))).toEqual([[4], [4], [2], [2], [4], [7]]);
    for (const result of results) result.dispose();
    expect([await numbers(x), await numbers(outer)]).toEqual([[2], [7]]);
  });

  test('runs on tensors without elements', async () => {
    const fn = jit((x: Tensor) => [ops.add(ops.exp(x), 1), ops.sum(x), ops.concatenate([x, x], { axis: 0 })]);
    const [y, sum, both] = fn(tensor(new Float32Array(0), [0, 3]));
    expect([y.shape, await numbers(y), await numbers(sum), both.shape]).toEqual([[0, 3], [], [0], [0, 3]]);
  });

  test('an async function is refused', () => {
    const message = /a traced function cannot be async/;
    const wrong = async (x: Tensor): Promise<Tensor> => {
      await x.data();
      return x;
    };
    expect(() => jit(wrong)(tensor([1]))).toThrow(message);
    expect(() => grad(wrong as never)(tensor([1]))).toThrow(message);
    expect(ops.add(tensor([1]), 1)).toBeInstanceOf(DeviceTensor);
  });

  test('a function that throws leaves nothing behind', async () => {
    const v = new Variable([1]);
    const fn = jit((x: Tensor, fail: boolean) => {
      v.assign(x);
      if (fail) throw new Error('mine');
      return v.value;
    });
    expect(() => fn(tensor([5]), true)).toThrow('mine');
    expect([...(await v.data())]).toEqual([1]);
    expect(await numbers(fn(tensor([6]), false))).toEqual([6]);
  });

  test('tensors of a trace have no numbers, and are refused once it has ended', async () => {
    let leaked: Tensor | null = null;
    const fn = jit((x: Tensor) => (leaked = ops.square(x)));
    fn(tensor([2]));
    await expect(leaked!.data()).rejects.toThrow('[tensor] this tensor has no numbers');
    expect(() => ops.add(leaked!, 1)).toThrow('a tensor of a traced function is used after that function has ended');
    expect(() => jit((x: Tensor) => ops.add(x, leaked!))(tensor([1]))).toThrow('a tensor of another traced function');
    expect(() => new Variable(leaked!)).toThrow(HornetError);
    expect(() => new Variable([1]).assign(leaked!)).toThrow(HornetError);
    expect(() => jit((x: Tensor) => x)(leaked!)).toThrow(HornetError);
  });

  test('an argument or outer tensor that has been disposed is named', () => {
    const gone = tensor([1, 2]);
    const captured = tensor([1, 2]);
    const fn = jit((x: Tensor) => ops.add(x, captured));
    gone.dispose();
    expect(() => fn(gone)).toThrow('[tensor] a tensor of shape [2] is used after dispose()');
    captured.dispose();
    expect(() => fn(tensor([1, 2]))).toThrow('[tensor] a tensor of shape [2] is used after dispose()');
  });
});

describe('variables in programs', () => {
  test('reads see the assignments before them, and assignments last', async () => {
    const v = new Variable([1, 2]);
    const step = jit((x: Tensor) => {
      const before = v.value;
      v.assign(ops.add(v.value, x));
      v.assign(ops.multiply(v.value, 2));
      return [before, v.value];
    });
    const [before, after] = step(tensor([1, 1]));
    expect([await numbers(before), await numbers(after), [...(await v.data())]]).toEqual([
      [1, 2],
      [4, 6],
      [4, 6],
    ]);
  });

  test('values handed out keep their numbers', async () => {
    const v = new Variable([1]);
    const step = jit(() => v.assign(ops.add(v.value, 1)));
    const first = v.value;
    step();
    const second = v.value;
    v.assign([10]);
    step();
    expect(await Promise.all([first, second, v.value].map(numbers))).toEqual([[1], [2], [11]]);
    first.dispose();
    expect([...(await v.data())]).toEqual([11]);
  });

  test('values handed out keep their numbers while a bound program runs', async () => {
    const v = new Variable([1]);
    const bound = new CompiledFunction(
      'test',
      trace(() => {
        v.assign(ops.add(v.value, 1));
        return [];
      }, []),
    ).bind([]);
    bound.run(2);
    const value = v.value;
    bound.run(3);
    expect([await numbers(value), [...(await v.data())]]).toEqual([[3], [6]]);
    bound.dispose();
  });

  test('a value handed out may be what the program works on', async () => {
    const v = new Variable([1]);
    const held = v.value;
    const step = jit((x: Tensor) => {
      v.assign(ops.add(v.value, ops.add(x, held)));
      return ops.add(x, held);
    });
    expect(await numbers(step(held))).toEqual([2]);
    expect(await numbers(step(v.value))).toEqual([4]);
    expect([...(await v.data())]).toEqual([7]);
  });

  test('variables swap, rotate and take each other', async () => {
    const [a, b, c] = [1, 2, 3].map((number) => new Variable([number, number]));
    const rotate = jit(() => {
      const first = a.value;
      a.assign(b.value);
      b.assign(c.value);
      c.assign(first);
    });
    rotate();
    expect([[...(await a.data())], [...(await b.data())], [...(await c.data())]]).toEqual([
      [2, 2],
      [3, 3],
      [1, 1],
    ]);
    const mix = jit(() => {
      const [x, y] = [a.value, b.value];
      a.assign(ops.add(x, y));
      b.assign(ops.subtract(x, y));
      c.assign(ops.reshape(ops.flip(ops.stack([ops.sum(a.value), ops.sum(b.value)])), [2]));
      return [x, y];
    });
    const [x, y] = mix();
    expect([[...(await a.data())], [...(await b.data())], [...(await c.data())]]).toEqual([
      [5, 5],
      [-1, -1],
      [-2, 10],
    ]);
    expect([await numbers(x), await numbers(y)]).toEqual([
      [2, 2],
      [3, 3],
    ]);
  });

  test('an update that reads its variable out of order is not made in place', async () => {
    const m = new Variable([
      [1, 2],
      [3, 4],
    ]);
    const turn = jit(() => m.assign(ops.add(ops.transpose(m.value), ops.sum(m.value, { axis: 0 }))));
    turn();
    expect([...(await m.data())]).toEqual([5, 9, 6, 10]);
    const flat = jit(() => m.assign(ops.reshape(ops.flip(ops.reshape(m.value, [4])), [2, 2])));
    flat();
    expect([...(await m.data())]).toEqual([10, 6, 9, 5]);
  });

  test('assigning a variable its own value, another, or a result that is also returned', async () => {
    const [a, b] = [new Variable([1]), new Variable([2])];
    a.assign(a.value);
    a.assign(b);
    expect([...(await a.data())]).toEqual([2]);
    const fn = jit((x: Tensor) => {
      a.assign(x);
      b.assign(x);
      return x;
    });
    const x = tensor([4]);
    const y = fn(x);
    jit(() => a.assign(ops.add(a.value, 1)))();
    expect([await numbers(x), await numbers(y), [...(await a.data())], [...(await b.data())]]).toEqual([
      [4],
      [4],
      [5],
      [4],
    ]);
  });

  test('a run that fails leaves state as it was, and the next one works', async () => {
    const [v, w] = [new Variable([1]), new Variable([1])];
    const step = jit((index: Tensor) => {
      v.assign(ops.add(v.value, 1));
      const picked = ops.take(tensor([5, 6]), index, { axis: 0 });
      w.assign(ops.add(w.value, ops.sum(picked)));
      return picked;
    });
    await expect(step(tensor([9], [1], 'int32')).data()).rejects.toThrow(/index 9 is out of bounds/);
    expect([[...(await v.data())], [...(await w.data())]]).toEqual([[1], [1]]);
    expect(await numbers(step(tensor([1], [1], 'int32')))).toEqual([6]);
    expect([[...(await v.data())], [...(await w.data())]]).toEqual([[2], [7]]);
  });

  test('an initial value stays the caller’s', async () => {
    const initial = tensor([1]);
    const v = new Variable(initial);
    jit(() => v.assign(ops.add(v.value, 1)))();
    expect(await numbers(initial)).toEqual([1]);
    initial.dispose();
    expect([...(await v.data())]).toEqual([2]);
  });

  test('wrong shapes are refused, in a trace and outside', () => {
    const v = new Variable([1, 2]);
    const message = 'expected a value of shape [2], received [3]';
    expect(() => v.assign([1, 2, 3])).toThrow(message);
    expect(() => jit(() => v.assign(tensor([1, 2, 3])))()).toThrow(message);
  });

  test('a gradient step updates in one program', async () => {
    const w = new Variable([3]);
    const step = jit((x: Tensor) => {
      const { value, grads } = valueAndGrad((z: Tensor) => ops.sum(ops.square(ops.multiply(w.value, z))), {
        variables: [w],
      })(x);
      w.assign(ops.subtract(w.value, ops.multiply(grads[0]!, 0.125)));
      return value;
    });
    expect(await numbers(step(tensor([2])))).toEqual([36]);
    expect([...(await w.data())]).toEqual([0]);
  });
});

test('using frees the tensor at the end of its block', () => {
  let kept: Tensor;
  {
    using x = tensor([1, 2]);
    kept = x;
    ops.add(x, 1);
  }
  expect(() => ops.add(kept, 1)).toThrow('is used after dispose()');
});
