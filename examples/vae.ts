// A variational autoencoder with a training step of its own: learns a plane of digits, then draws what lies on it.
import {
  Layer,
  Model,
  SeedGenerator,
  Sequential,
  conv2d,
  conv2dTranspose,
  dense,
  flatten,
  input,
  metrics,
  ops,
  random,
  reshape,
  setRandomSeed,
  tensor,
  valueAndGrad,
  type StepData,
  type StepLogs,
  type Tensor,
} from 'hornet';
import { loadDigits } from './data/digits.js';
import { drawDigits } from './draw.js';
import { options } from './options.js';

const { epochs } = options({ epochs: 60 });
setRandomSeed(1);
const { xTrain, xTest } = await loadDigits();
const latentDim = 2;

/** Draws from the normal distribution that the encoder describes. */
class Sampling extends Layer {
  readonly seedGenerator = new SeedGenerator(1337);

  override call([mean, logVar]: [Tensor, Tensor]): Tensor {
    const noise = random.normal(mean.shape, { seed: this.seedGenerator });
    return ops.add(mean, ops.multiply(ops.exp(ops.multiply(0.5, logVar)), noise));
  }
}

const image = input({ shape: [8, 8, 1] });
let x = conv2d(32, 3, { activation: 'relu', strides: 2, padding: 'same' })(image);
x = conv2d(64, 3, { activation: 'relu', strides: 2, padding: 'same' })(x);
x = dense(32, { activation: 'relu' })(flatten()(x));
const mean = dense(latentDim, { name: 'mean' })(x);
const logVar = dense(latentDim, { name: 'log_var' })(x);
const encoder = new Model({ inputs: image, outputs: [mean, logVar, new Sampling()([mean, logVar])], name: 'encoder' });

const decoder = new Sequential(
  [
    input({ shape: [latentDim] }),
    dense(2 * 2 * 64, { activation: 'relu' }),
    reshape([2, 2, 64]),
    conv2dTranspose(64, 3, { activation: 'relu', strides: 2, padding: 'same' }),
    conv2dTranspose(32, 3, { activation: 'relu', strides: 2, padding: 'same' }),
    conv2dTranspose(1, 3, { activation: 'sigmoid', padding: 'same' }),
  ],
  { name: 'decoder' },
);

class Vae extends Model {
  readonly encoder = encoder;
  readonly decoder = decoder;
  readonly total = new metrics.Mean({ name: 'total_loss' });
  readonly reconstruction = new metrics.Mean({ name: 'reconstruction_loss' });
  readonly divergence = new metrics.Mean({ name: 'kl_loss' });

  /** What the images lose on their way through the plane, and how far the plane is from a normal distribution. */
  private lossesOf(images: Tensor): [total: Tensor, reconstruction: Tensor, divergence: Tensor] {
    const [mean, logVar, z] = this.encoder<[Tensor, Tensor, Tensor]>(images);
    const perPixel = ops.binaryCrossentropy(images, this.decoder<Tensor>(z));
    const reconstruction = ops.mean(ops.sum(perPixel, { axis: [1, 2, 3] }));
    const spread = ops.subtract(ops.subtract(ops.add(1, logVar), ops.square(mean)), ops.exp(logVar));
    const divergence = ops.mean(ops.sum(ops.multiply(-0.5, spread), { axis: 1 }));
    return [ops.add(reconstruction, divergence), reconstruction, divergence];
  }

  override trainStep({ x }: StepData): StepLogs {
    const variables = this.trainableVariables;
    const { value, grads } = valueAndGrad(() => this.lossesOf(x as Tensor), { variables })();
    this.optimizer.apply(grads, variables);
    return this.logs(value);
  }

  override testStep({ x }: StepData): StepLogs {
    return this.logs(this.lossesOf(x as Tensor));
  }

  private logs(losses: readonly Tensor[]): StepLogs {
    const trackers = [this.total, this.reconstruction, this.divergence];
    trackers.forEach((tracker, i) => tracker.updateState(losses[i]));
    return Object.fromEntries(trackers.map((tracker) => [tracker.name, tracker.result()]));
  }
}

const vae = new Vae();
vae.compile({ optimizer: 'adam' });
await vae.fit(xTrain, null, { epochs, batchSize: 32, verbose: 2 });
const { total_loss: loss } = await vae.evaluate(xTest, null, { returnDict: true, verbose: 0 });
console.log(`test total loss ${loss.toFixed(3)}`);

console.log('\nDigits on the plane that the network has learned:\n');
const steps = [-1.5, -0.75, 0, 0.75, 1.5];
const plane = tensor(steps.flatMap((row) => steps.map((column) => [column, -row])));
console.log(drawDigits(await (await decoder.predict(plane, { verbose: 0 })).data(), { count: 25, perRow: 5 }));
