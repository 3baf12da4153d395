// The digits of digits.npz (1,797 images of 8 × 8), in a random order: 1,500 to learn from, 297 that nobody sees until
// the end. Source and licence: README.md.
import { loadNpz, ops, random, type Tensor } from 'hornet';

/** Images [n, 8, 8, 1] with ink from 0 to 1, labels [n] from 0 to 9. */
export async function loadDigits(): Promise<{ xTrain: Tensor; yTrain: Tensor; xTest: Tensor; yTest: Tensor }> {
  const { images, labels } = await loadNpz(new URL('digits.npz', import.meta.url));
  const order = random.shuffle(ops.arange(images.shape[0]));
  const shuffled = (x: Tensor): Tensor => ops.take(x, order, { axis: 0 });
  const x = ops.divide(ops.cast(ops.expandDims(shuffled(images), -1), 'float32'), 16);
  const [xTrain, xTest] = ops.split(x, [1500]);
  const [yTrain, yTest] = ops.split(shuffled(labels), [1500]);
  return { xTrain, yTrain, xTest, yTest };
}
