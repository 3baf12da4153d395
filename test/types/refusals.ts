// Compiled, never run: the public types refuse what would be an error at run time.
import { Sequential, conv2d, dense, dropout, ops, tensor } from 'hornet';

export async function refused(): Promise<void> {
  // @ts-expect-error units is a number
  dense('64');
  // @ts-expect-error units is required
  dense();
  // @ts-expect-error no such option
  dense(64, { activaton: 'relu' });
  // @ts-expect-error no such padding
  conv2d(8, 3, { padding: 'sam' });
  // @ts-expect-error the rate is required
  dropout();
  const model = new Sequential([dense(1)]);
  // @ts-expect-error no such optimizer
  model.compile({ optimizer: 'adamm', loss: 'mse' });
  // @ts-expect-error no such option
  await model.fit([[1]], [[1]], { epoch: 3 });
  // @ts-expect-error strings are no tensors
  tensor(['a', 'b']);
  // @ts-expect-error no such dtype
  ops.cast([1, 2], 'float31');
  // @ts-expect-error a shape is a list of numbers
  ops.reshape([1, 2], '2');
}
