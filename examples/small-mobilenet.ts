// Depthwise separable convolutions with normalization, as in MobileNet, for images of 8 × 8 pixels.
import { batchNormalization, conv2d, depthwiseConv2d, input, Model, reLU, type Tensor } from 'hornet';

// The statistics of normalization have few steps to follow in: 0.99, the default, is for thousands of them.
const normalized = (x: Tensor): Tensor => reLU({ maxValue: 6 })(batchNormalization({ momentum: 0.9 })(x));

/** From images [8, 8, 1] to features [4, 4, 128]. */
export function smallMobileNet(): Model {
  const image = input({ shape: [8, 8, 1] });
  let x = normalized(conv2d(32, 3, { padding: 'same', useBias: false })(image));
  for (const [filters, strides] of [
    [64, 2],
    [128, 1],
  ]) {
    x = normalized(depthwiseConv2d(3, { strides, padding: 'same', useBias: false })(x));
    x = normalized(conv2d(filters, 1, { useBias: false })(x));
  }
  return new Model({ inputs: image, outputs: x });
}
