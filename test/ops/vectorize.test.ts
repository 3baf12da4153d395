// Functions of scalars or small tensors as functions of whole ones.
import { ops, tensor, type DeviceTensor, type Tensor } from 'hornet';

const read = (x: Tensor): Promise<number[]> => (x as DeviceTensor).numbers();

test('scalars: arguments broadcast', async () => {
  const add = ops.vectorize((a: Tensor, b: Tensor) => ops.add(a, b));
  expect(await read(add([1, 2, 3, 4], 2))).toEqual([3, 4, 5, 6]);
  const table = add([[1], [2]], [10, 20, 30]);
  expect(table.shape).toEqual([2, 3]);
  expect(await read(table)).toEqual([11, 21, 31, 12, 22, 32]);
});

test('a signature says which axes the function sees', async () => {
  const multiply = ops.vectorize((a: Tensor, x: Tensor) => ops.matmul(a, x), { signature: '(m,n),(n)->(m)' });
  const y = multiply(tensor([1, 0, 0, 1, 2, 0, 0, 2], [2, 2, 2]), [3, 4]);
  expect(y.shape).toEqual([2, 2]);
  expect(await read(y)).toEqual([3, 4, 6, 8]);
  expect(() => multiply(ops.ones([2, 3]), [1, 2])).toThrow('[vectorize] expected axes (n = 3), received shape [2]');
});

test('several results, and arguments that stay as they are', async () => {
  const both = ops.vectorize((x: Tensor, by: number): Tensor[] => [ops.add(x, by), ops.multiply(x, by)], {
    excluded: [1],
    signature: '()->(),()',
  });
  const [sums, products] = both([1, 2], 5);
  expect([await read(sums), await read(products)]).toEqual([
    [6, 7],
    [5, 10],
  ]);
});

test('refuses what is no signature, and results of another rank', () => {
  expect(() => ops.vectorize((x: Tensor) => x, { signature: '(n->(n)' })).toThrow('[vectorize] expected a signature');
  const bad = ops.vectorize((x: Tensor) => ops.reshape(x, [1]));
  expect(() => bad([1, 2])).toThrow('expected a result of rank 0, received rank 1');
});
