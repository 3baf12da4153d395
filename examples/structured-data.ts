// Structured data: columns of numbers, words and categories prepared by a FeatureSpace, which then is part of the model.
import { Model, dense, dropout, setRandomSeed, tensor, utils, type Tensor } from 'hornet';
import { patients } from './data/patients.js';
import { options } from './options.js';

const { epochs, samples } = options({ epochs: 30, samples: 2000 });
setRandomSeed(1);
const train = patients(samples, 1);
const test = patients(1000, 2);

const space = utils.featureSpace(
  {
    age: 'float_discretized',
    sex: 'integer_categorical',
    cp: 'string_categorical',
    trestbps: 'float_normalized',
    chol: 'float_normalized',
    thalach: 'float_normalized',
    exang: 'integer_categorical',
    oldpeak: 'float_normalized',
    ca: 'integer_categorical',
    thal: 'string_categorical',
  },
  {
    crosses: [
      ['sex', 'age'],
      ['cp', 'thal'],
    ],
    crossingDim: 32,
    numDiscretizationBins: 8,
  },
);
await space.adapt(train.columns);

// The network is trained on encoded features, and asked with raw ones: both models share its layers.
const encoded = space.getEncodedFeatures() as Tensor;
const hidden = dropout(0.5)(dense(32, { activation: 'relu' })(encoded));
const outputs = dense(1, { activation: 'sigmoid' })(hidden);
const training = new Model({ inputs: encoded, outputs });
const inference = new Model({ inputs: space.getInputs(), outputs });

training.compile({ optimizer: 'adam', loss: 'binary_crossentropy', metrics: ['accuracy', 'AUC'] });
const x = space(train.columns);
await training.fit(x, tensor(train.target), { epochs, batchSize: 32, validationSplit: 0.2, verbose: 2 });

inference.compile({ loss: 'binary_crossentropy', metrics: ['accuracy', 'AUC'] });
const results = await inference.evaluate(test.columns, tensor(test.target), { returnDict: true, verbose: 0 });
console.log(`\ntest accuracy ${results.accuracy.toFixed(4)}, area under the curve ${results.AUC.toFixed(4)}`);

const sample = {
  age: [60],
  sex: [1],
  cp: ['typical'],
  trestbps: [145],
  chol: [233],
  thalach: [150],
  exang: [0],
  oldpeak: [2.3],
  ca: [0],
  thal: ['fixed'],
};
const [risk] = await (await inference.predict(sample, { verbose: 0 })).data();
console.log(`This patient has a heart disease with a probability of ${(100 * Number(risk)).toFixed(1)} %.`);
