// Types other than float32: arithmetic, casts, promotion; the same one by one, in a program, and fused.
import { jit, ops, tensor, type DType, type Tensor, type TensorLike } from 'hornet';
import { toBFloat16, fromBFloat16, fromFloat16, toFloat16 } from '../../lib/dtype.js';

const make = (values: readonly (number | bigint)[], dtype: DType): Tensor =>
  tensor([...values], [values.length], dtype);
const floats = ['float16', 'bfloat16', 'float32', 'float64'] as const;
const integers = ['uint8', 'uint16', 'uint32', 'int8', 'int16', 'int32', 'int64'] as const;

/** The result op by op, which one program must repeat bit by bit. */
async function both(fn: (...x: Tensor[]) => Tensor, ...x: Tensor[]): Promise<{ dtype: DType; values: number[] }> {
  const [eager, traced] = [fn(...x), jit(fn)(...x)];
  expect([traced.dtype, traced.shape]).toEqual([eager.dtype, eager.shape]);
  const values = await eager.numbers();
  expect(await traced.numbers()).toEqual(values);
  return { dtype: eager.dtype, values };
}

describe('floats', () => {
  const rounded: Record<string, (x: number) => number> = {
    float16: (x) => fromFloat16(toFloat16(x)),
    bfloat16: (x) => fromBFloat16(toBFloat16(x)),
    float32: Math.fround,
    float64: (x) => x,
  };
  const a = [0.1, -1.5, 3.25, 1e-5, -200, 7];
  const b = [0.3, 2.25, -0.125, 4e-3, 3, -7];
  const cases: [string, (x: Tensor, y: Tensor) => Tensor, (x: number, y: number) => number][] = [
    ['add', ops.add, (x, y) => x + y],
    ['subtract', ops.subtract, (x, y) => x - y],
    ['multiply', ops.multiply, (x, y) => x * y],
    ['divide', ops.divide, (x, y) => x / y],
    ['maximum', ops.maximum, Math.max],
    ['floorDivide', ops.floorDivide, (x, y) => Math.floor(x / y)],
  ];
  test.each(floats)('%s rounds once per op', async (dtype) => {
    const round = rounded[dtype];
    for (const [, op, expected] of cases) {
      const { dtype: type, values } = await both(op, make(a, dtype), make(b, dtype));
      expect(type).toBe(dtype);
      expect(values).toEqual(a.map((x, i) => round(expected(round(x), round(b[i])))));
    }
  });

  test.each(floats)('%s: sums, products and softmax stay near float64', async (dtype) => {
    const n = 300;
    const x = Array.from({ length: n }, (_, i) => rounded[dtype](Math.sin(i)));
    const wide = make(x, 'float64');
    const narrow = make(x, dtype);
    const tolerance = { float16: 2e-3, bfloat16: 2e-2, float32: 1e-5, float64: 1e-12 }[dtype];
    const compared: ((z: Tensor) => Tensor)[] = [
      (z) => ops.sum(ops.reshape(z, [3, 100]), { axis: 1 }),
      (z) => ops.softmax(ops.reshape(z, [3, 100])),
      (z) => ops.matmul(ops.reshape(z, [3, 100]), ops.reshape(z, [100, 3])),
      (z) => ops.mean(z),
      (z) => ops.cumsum(ops.reshape(z, [3, 100]), { axis: 1 }),
    ];
    for (const fn of compared) {
      const [{ values, dtype: type }, expected] = [await both(fn, narrow), await fn(wide).numbers()];
      expect(type).toBe(dtype);
      const scale = Math.max(1, ...expected.map(Math.abs));
      values.forEach((value, i) => expect(Math.abs(value - expected[i]) / scale).toBeLessThan(tolerance));
    }
  });

  test('the largest, smallest and special numbers of half precision', async () => {
    const values = [65504, 65520, 2 ** -24, 2 ** -26, Infinity, -Infinity, NaN, -0];
    const half = [65504, Infinity, 2 ** -24, 0, Infinity, -Infinity, NaN, -0];
    expect(await make(values, 'float16').numbers()).toEqual(half);
    expect(await ops.cast(make(values, 'float64'), 'float16').numbers()).toEqual(half);
    expect(await ops.cast(make([1 + 2 ** -9, 1 + 3 * 2 ** -8, NaN], 'float32'), 'bfloat16').numbers()).toEqual([
      1,
      1 + 2 ** -6,
      NaN,
    ]);
  });
});

describe('integers', () => {
  const limits: Record<string, [number, number]> = Object.fromEntries(
    integers.map((dtype) => {
      const bits = Math.min(Number(/\d+/.exec(dtype)![0]), 53);
      return [dtype, dtype.startsWith('u') ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1]];
    }),
  );
  test.each(integers)('%s: exact, and wraps around', async (dtype) => {
    const [low, high] = limits[dtype];
    const x = make([high, low, 7, 100], dtype);
    const small = make([1, 0, 3, 100], dtype);
    const wraps = (value: number): number =>
      dtype === 'int64'
        ? value
        : Number(
            new (x.dtype === 'int8'
              ? Int8Array
              : { uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, int16: Int16Array, int32: Int32Array }[
                  dtype as 'uint8'
                ])([value])[0],
          );
    expect(await both((z) => ops.subtract(z, 1), x)).toEqual({ dtype, values: [high - 1, wraps(low - 1), 6, 99] });
    expect(await both(ops.add, small, small)).toEqual({ dtype, values: [2, 0, 6, wraps(200)] });
    expect(await both((z) => ops.floorDivide(z, 2), make([7, 8, 0, 9], dtype))).toEqual({
      dtype,
      values: [3, 4, 0, 4],
    });
    expect(await both((z) => ops.mod(z, 0), small)).toEqual({ dtype, values: [0, 0, 0, 0] });
    expect(await both((z) => ops.floorDivide(z, 0), small)).toEqual({ dtype, values: [0, 0, 0, 0] });
    expect((await both((z) => ops.max(z), x)).values).toEqual([high]);
    expect((await both((z) => ops.argmin(z), x)).values).toEqual([1]);
    expect((await both((z) => ops.sort(z), x)).values).toEqual([low, 7, 100, high]);
  });

  test('signed ones divide towards the floor', async () => {
    for (const dtype of ['int8', 'int16', 'int32', 'int64'] as const) {
      const [x, y] = [make([-7, 7, -7, 6], dtype), make([2, -2, -2, -3], dtype)];
      expect((await both(ops.floorDivide, x, y)).values).toEqual([-4, -4, 3, -2]);
      expect((await both(ops.mod, x, y)).values).toEqual([1, -1, -1, 0]);
    }
    const least = make([-(2 ** 31)], 'int32');
    expect((await both((z) => ops.floorDivide(z, -1), least)).values).toEqual([-(2 ** 31)]);
    expect((await both((z) => ops.mod(z, -1), least)).values).toEqual([0]);
  });

  test('int64 keeps all 64 bits', async () => {
    const big = 2n ** 62n + 1n;
    const x = tensor([big, -big]);
    expect(x.dtype).toBe('int64');
    const data = [...((await ops.add(x, ops.cast(1, 'int64')).data()) as BigInt64Array)];
    expect(data).toEqual([big + 1n, -big + 1n]);
    expect([...(await jit((z: Tensor) => ops.multiply(z, 1))(x).data())]).toEqual([big, -big]);
    expect([...(await ops.max(x).data())]).toEqual([big]);
    expect([...(await jit((z: Tensor) => ops.subtract(ops.add(z, big), 1n))(x).data())]).toEqual([
      BigInt.asIntN(64, 2n * big - 1n),
      -1n,
    ]);
    expect(await tensor([Infinity, NaN, -3.5], undefined, 'int64').numbers()).toEqual([0, 0, -3]);
  });

  test('bits and shifts', async () => {
    const x = make([0b1100, 0b1010], 'uint8');
    expect((await both((z) => ops.bitwiseAnd(z, 0b0110), x)).values).toEqual([0b0100, 0b0010]);
    expect((await both((z) => ops.bitwiseXor(z, 0b0110), x)).values).toEqual([0b1010, 0b1100]);
    expect((await both((z) => ops.bitwiseNot(z), x)).values).toEqual([0b11110011, 0b11110101]);
    expect((await both((z) => ops.bitwiseLeftShift(z, 5), x)).values).toEqual([0b10000000, 0b01000000]);
    expect((await both((z) => ops.bitwiseRightShift(z, 1), make([-8, 7], 'int16'))).values).toEqual([-4, 3]);
  });
});

test('booleans: sums count, products are and, any number but 0 is true', async () => {
  const [x, y] = [tensor([true, true, false]), tensor([true, false, false])];
  expect(await both(ops.add, x, y)).toEqual({ dtype: 'bool', values: [1, 1, 0] });
  expect(await both(ops.multiply, x, y)).toEqual({ dtype: 'bool', values: [1, 0, 0] });
  expect(await both((z) => ops.sum(z), x)).toEqual({ dtype: 'int32', values: [2] });
  expect(await both((z) => ops.mean(z), x)).toMatchObject({ dtype: 'float32' });
  expect(await both((z) => ops.any(z), y)).toEqual({ dtype: 'bool', values: [1] });
  expect(await both((z) => ops.all(z), y)).toEqual({ dtype: 'bool', values: [0] });
  expect(await both((z) => ops.logicalNot(z), y)).toEqual({ dtype: 'bool', values: [0, 1, 1] });
  expect(await both((z) => ops.cast(z, 'bool'), make([0.5, 0, NaN], 'float32'))).toEqual({
    dtype: 'bool',
    values: [1, 0, 1],
  });
  // A byte of 2 is true as well, and counts once.
  expect(await both((z) => ops.sum(z), tensor(Uint8Array.of(2, 0, 255), [3], 'bool'))).toEqual({
    dtype: 'int32',
    values: [2],
  });
});

test.each([...floats, ...integers, 'bool'] as const)('casts from %s to every type and back', async (from) => {
  const values = from === 'bool' ? [0, 1] : [0, 1, 5, 100];
  const x = make(values, from);
  for (const to of [...floats, ...integers] as const) {
    const { dtype, values: cast } = await both((z) => ops.cast(z, to), x);
    expect([to, dtype, cast]).toEqual([to, to, values]);
    expect((await both((z) => ops.cast(ops.cast(z, to), from), x)).values).toEqual(values);
  }
});

test('floats become integers by truncation, constants in programs as well', async () => {
  const values = [2.9, -2.9, 0.5, NaN, 300, 3e9, -Infinity];
  expect((await both((z) => ops.cast(z, 'int32'), make(values.slice(0, 4), 'float32'))).values).toEqual([2, -2, 0, 0]);
  for (const value of values) {
    for (const dtype of ['int8', 'uint8', 'int32', 'int64', 'bool'] as const) {
      const folded = jit((z: Tensor) => ops.add(ops.cast(ops.cast(value, 'float32'), dtype), ops.cast(z, dtype)));
      const zero = make([0], 'float32');
      expect(await folded(zero).numbers()).toEqual(await ops.cast(make([value], 'float32'), dtype).numbers());
    }
  }
});

describe('promotion', () => {
  const numbers: [DType, number | boolean, DType][] = [
    ['float16', 2, 'float16'],
    ['float16', 0.5, 'float16'],
    ['bfloat16', 0.5, 'bfloat16'],
    ['float64', 0.5, 'float64'],
    ['int8', 2, 'int8'],
    ['int8', 0.5, 'float32'],
    ['uint8', true, 'uint8'],
    ['int64', 2, 'int64'],
    ['int64', 0.5, 'float32'],
    ['bool', 2, 'int32'],
    ['bool', 0.5, 'float32'],
    ['bool', true, 'bool'],
  ];
  test.each(numbers)('%s and the plain number %s give %s', async (dtype, number, expected) => {
    expect((await both((z) => ops.add(z, number), make([1, 0], dtype))).dtype).toBe(expected);
    expect((await both((z) => ops.add(number as TensorLike, z), make([1, 0], dtype))).dtype).toBe(expected);
  });

  const tensors: [DType, DType, DType][] = [
    ['float16', 'bfloat16', 'float32'],
    ['float16', 'float32', 'float32'],
    ['float32', 'float64', 'float64'],
    ['int8', 'uint8', 'int16'],
    ['int32', 'uint32', 'int64'],
    ['int64', 'float16', 'float16'],
    ['bool', 'uint8', 'uint8'],
    ['int32', 'float32', 'float32'],
  ];
  test.each(tensors)('%s and %s give %s', async (a, b, expected) => {
    const { dtype, values } = await both(ops.add, make([1, 0], a), make([1, 1], b));
    expect([dtype, values]).toEqual([expected, [2, 1]]);
  });

  test('quotients of integers are floats', async () => {
    expect(await both(ops.divide, make([7], 'int32'), make([2], 'int32'))).toEqual({ dtype: 'float32', values: [3.5] });
    expect((await both((z) => ops.sqrt(z), make([4], 'uint8'))).dtype).toBe('float32');
  });
});

test('chains over several types in one program give what the ops give one by one', async () => {
  const x = make([1.5, -2.25, 3, 0], 'float32');
  const n = make([1, 2, 3, 250], 'uint8');
  await both((a, b) => ops.add(ops.multiply(ops.cast(a, 'float64'), b), ops.cast(ops.greater(a, 0), 'int32')), x, n);
  await both((a, b) => ops.where(ops.greater(a, 0), ops.add(b, 10), ops.cast(a, 'uint8')), ops.abs(x), n);
  await both((a) => ops.cast(ops.add(ops.cast(a, 'bfloat16'), 1), 'float32'), x);
  await both(
    (a, b) => ops.floorDivide(ops.cast(ops.multiply(a, 3), 'int64'), ops.cast(ops.add(b, 1), 'int64')),
    x,
    make([1, 2, 3, 4], 'uint8'),
  );
});

test('beside some functions and products a plain number is no weak type', () => {
  const half = make([1, 2], 'float16');
  const strong = [ops.arctan2, ops.hypot, ops.logaddexp, ops.logaddexp2, ops.heaviside, ops.dot, ops.outer, ops.kron];
  for (const op of strong) expect(op(half, 0.5).dtype).toBe('float32');
  expect(ops.outer(make([1, 2], 'int8'), 2).dtype).toBe('int32');
  expect(ops.multiply(half, 0.5).dtype).toBe('float16');
});

test.each(['float16', 'bfloat16'] as const)('a chain of %s gives a value and the same in float32', async (dtype) => {
  const widened = jit((x: Tensor) => {
    const next = ops.add(x, 1);
    return [next, ops.cast(next, 'float32')];
  });
  for (const result of widened(make([1, 2], dtype))) expect(await result.numbers()).toEqual([2, 3]);
});
