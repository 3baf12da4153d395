// Grad-CAM: on which part of an image a network's answer rests (Selvaraju et al. 2017). And what a layer within it makes
// of images, which tells what is alike.
//
//   npx tsx examples/grad-cam.ts              digits, by a small network that learns them first
//   npx tsx examples/grad-cam.ts photo.jpg    a photo, by MobileNetV2 with the weights of ImageNet
import {
  applications,
  dense,
  globalAveragePooling2d,
  grad,
  losses,
  Model,
  ops,
  setRandomSeed,
  utils,
  type Layer,
  type Tensor,
} from 'hornet';
import { loadDigits } from './data/digits.js';
import { pathAndOptions } from './options.js';
import { smallMobileNet } from './small-mobilenet.js';

const { path, epochs } = pathAndOptions({ epochs: 8 });
setRandomSeed(1);

/** How much each place in the outputs of a layer speaks for the answer of the model: [height, width] from 0 to 1. */
function gradCam(model: Model, layer: Layer, image: Tensor): Tensor {
  // The model in two parts, which have its weights: up to the layer, and from there on.
  const below = new Model({ inputs: model.input, outputs: layer.output });
  const above = new Model({ inputs: layer.output, outputs: model.output });
  const features: Tensor = below(image);
  const answer = (x: Tensor): Tensor => ops.max(above<Tensor>(x));
  const importance = ops.mean(grad(answer)(features) as Tensor, { axis: [1, 2], keepdims: true });
  const map = ops.relu(ops.sum(ops.multiply(features, importance), { axis: -1 }));
  return ops.squeeze(ops.divide(map, ops.maximum(ops.max(map), 1e-7)), { axis: 0 });
}

/** The image (0 to 255) with the map over it: blue where nothing speaks for the answer, red where most does. */
function overlay(image: Tensor, map: Tensor): Tensor {
  const [height, width] = image.shape;
  const heat = ops.image.resize(ops.expandDims(map, -1), [height, width]);
  const green = ops.multiply(4, ops.multiply(heat, ops.subtract(1, heat)));
  const color = ops.multiply(255, ops.concatenate([heat, green, ops.subtract(1, heat)], { axis: -1 }));
  return ops.add(ops.multiply(image, 0.6), ops.multiply(color, 0.4));
}

if (path) {
  const { preprocessInput, decodePredictions } = applications.mobileNetV2;
  const model = await applications.mobileNetV2({ weights: 'imagenet', classifierActivation: null });
  const image = await utils.loadImg(path, { targetSize: [224, 224], interpolation: 'bilinear' });
  const batch = preprocessInput(ops.expandDims(image, 0)) as Tensor;
  const [best] = await decodePredictions(ops.softmax(model<Tensor>(batch)), { top: 3 });
  for (const [, name, probability] of best) console.log(`${name}: ${probability.toFixed(3)}`);
  const layer = model.getLayer('out_relu');
  await utils.saveImg('grad-cam.png', overlay(image, gradCam(model, layer, batch)), { scale: false });
} else {
  const { xTrain, yTrain, xTest, yTest } = await loadDigits();
  const base = smallMobileNet();
  const features = globalAveragePooling2d();
  const model = new Model({ inputs: base.input, outputs: dense(10)(features(base.output)) });
  const loss = new losses.SparseCategoricalCrossentropy({ fromLogits: true });
  model.compile({ optimizer: 'adam', loss, metrics: ['accuracy'] });
  await model.fit(xTrain, yTrain, { epochs, batchSize: 32, verbose: 2 });

  const pictures = ops.split(ops.getItem(xTest, [[0, 8]]), 8).map((digit) => {
    const large = ops.multiply(
      255,
      ops.repeat(ops.repeat(ops.squeeze(digit, { axis: 0 }), 16, { axis: 0 }), 16, { axis: 1 }),
    );
    return overlay(large, gradCam(model, base.layers.at(-1)!, digit));
  });
  await utils.saveImg('grad-cam.png', ops.concatenate(pictures, { axis: 1 }), { scale: false });

  // Images are alike whose features point in one direction: the label of the nearest known one is as good as an answer.
  const extractor = new Model({ inputs: model.input, outputs: features.output });
  const [known, unseen] = [
    await extractor.predict(xTrain, { verbose: 0 }),
    await extractor.predict(xTest, { verbose: 0 }),
  ];
  const likeness = ops.matmul(ops.normalize(unseen), ops.transpose(ops.normalize(known)));
  const nearest = ops.take(yTrain, ops.argmax(likeness, { axis: -1 }));
  const right = ops.mean(ops.cast(ops.equal(nearest, yTest), 'float32'));
  console.log(`digits told by the nearest known one: ${(await (right as typeof known).item()).toFixed(3)}`);
}
console.log('Where the network looks: grad-cam.png');
