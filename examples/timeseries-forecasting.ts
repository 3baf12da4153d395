// Weather forecasting: from three days of measurements, the temperature twelve hours later.
import {
  EarlyStopping,
  Sequential,
  dense,
  input,
  lstm,
  ops,
  optimizers,
  setRandomSeed,
  tensor,
  timeseriesDatasetFromArray,
  type Tensor,
} from 'hornet';
import { options } from './options.js';
import { weather } from './data/weather.js';

const { epochs, days } = options({ epochs: 8, days: 730 });
setRandomSeed(1);
const [past, future] = [72, 12];

// Normalized by what the training part knows: the first 70 %, then 15 % to choose by and 15 % that nobody sees before.
const hours = weather({ hours: 24 * days, seed: 1 });
const trained = Math.floor(0.7 * hours.length);
const columns = hours[0].map((_, column) => hours.slice(0, trained).map((row) => row[column]));
const means = columns.map((values) => values.reduce((sum, value) => sum + value, 0) / values.length);
const deviations = columns.map((values, i) =>
  Math.sqrt(values.reduce((sum, value) => sum + (value - means[i]) ** 2, 0) / values.length),
);
const features = hours.map((row) => row.map((value, i) => (value - means[i]) / deviations[i]));

/** Windows of the hours `from` to `to`, each with the temperature to be foretold. */
const windows = (from: number, to: number, shuffle = false) =>
  timeseriesDatasetFromArray(
    tensor(features.slice(from, to)),
    tensor(features.slice(from + past + future - 1, to).map(([temperature]) => [temperature])),
    past,
    { sequenceStride: 2, batchSize: 64, shuffle },
  );
const chosen = Math.floor(0.85 * hours.length);
const test = windows(chosen, hours.length);

const model = new Sequential([input({ shape: [past, 3] }), lstm(32), dense(1)]);
model.compile({ optimizer: new optimizers.Adam({ learningRate: 0.003 }), loss: 'mse', metrics: ['mae'] });
await model.fit(windows(0, trained, true), null, {
  epochs,
  validationData: windows(trained, chosen),
  callbacks: [new EarlyStopping({ monitor: 'val_loss', patience: 3, restoreBestWeights: true })],
  verbose: 2,
});

const [, error] = await model.evaluate(test, null, { verbose: 0 });

// What needs no network: the temperature at the same hour of the day before.
const guesses = test.map(([x, y]) =>
  ops.mean(
    ops.abs(ops.subtract(ops.slice(x, [0, past - 1 - 12, 0], [x.shape[0], 1, 1]), ops.expandDims(y as Tensor, 1))),
  ),
);
const errors = await Promise.all((await guesses.toArray()).map(async (guess) => Number((await guess.data())[0])));
const naive = errors.reduce((sum, value) => sum + value, 0) / errors.length;
console.log(`\nmean error of yesterday's temperature ${(naive * deviations[0]).toFixed(2)} °C`);
console.log(
  `mean error of the network ${(error * deviations[0]).toFixed(2)} °C, share of yesterday's ${(error / naive).toFixed(3)}`,
);
