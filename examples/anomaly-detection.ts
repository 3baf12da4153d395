// Anomaly detection: a convolutional autoencoder learns what a sensor's ordinary days look like; where it cannot
// reconstruct the curve, something is wrong.
import {
  EarlyStopping,
  Sequential,
  conv1d,
  conv1dTranspose,
  dropout,
  input,
  ops,
  setRandomSeed,
  tensor,
  type Tensor,
} from 'hornet';
import { sensorDays } from './data/sensor.js';
import { options } from './options.js';

const { epochs, days } = options({ epochs: 40, days: 28 });
setRandomSeed(1);

// A value every five minutes. One test day in three has a jump that no ordinary day has.
const perDay = 288;
const ordinary = sensorDays({ days, perDay, seed: 1, anomalies: false });
const test = sensorDays({ days: 12, perDay, seed: 2, anomalies: true });

const mean = ordinary.values.reduce((sum, value) => sum + value, 0) / ordinary.values.length;
const deviation = Math.sqrt(
  ordinary.values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / ordinary.values.length,
);
const windowLength = 96;

/** All stretches of eight hours, normalized: [windows, 96, 1]. */
function windows(values: readonly number[]): Tensor {
  const series = ops.divide(ops.subtract(tensor([...values]), mean), deviation);
  const starts = ops.arange(values.length - windowLength + 1);
  const index = ops.add(ops.expandDims(starts, 1), ops.arange(windowLength));
  return ops.expandDims(ops.take(series, index, { axis: 0 }), -1);
}

const model = new Sequential([
  input({ shape: [windowLength, 1] }),
  conv1d(32, 7, { padding: 'same', strides: 2, activation: 'relu' }),
  dropout(0.2),
  conv1d(16, 7, { padding: 'same', strides: 2, activation: 'relu' }),
  conv1dTranspose(16, 7, { padding: 'same', strides: 2, activation: 'relu' }),
  dropout(0.2),
  conv1dTranspose(32, 7, { padding: 'same', strides: 2, activation: 'relu' }),
  conv1dTranspose(1, 7, { padding: 'same' }),
]);
model.compile({ optimizer: 'adam', loss: 'mse' });

const xTrain = windows(ordinary.values);
await model.fit(xTrain, xTrain, {
  epochs,
  batchSize: 128,
  validationSplit: 0.1,
  callbacks: [new EarlyStopping({ monitor: 'val_loss', patience: 5 })],
  verbose: 2,
});

/** How far each window's reconstruction is from the window. */
const errorsOf = async (x: Tensor): Promise<number[]> => {
  const error = ops.abs(ops.subtract(await model.predict(x, { verbose: 0 }), x));
  return Array.from(await ops.mean(error, { axis: [1, 2] }).data(), Number);
};

// Whatever is worse than everything in ordinary days is an anomaly: a value all of whose windows are.
const threshold = Math.max(...(await errorsOf(xTrain)));
const suspicious = (await errorsOf(windows(test.values))).map((error) => error > threshold);
const isAnomaly = test.values.map((_, i) => {
  const around = suspicious.slice(Math.max(0, i - windowLength + 1), i + 1);
  return around.length > 0 && around.every(Boolean);
});

const dayOf = (i: number): number => Math.floor(i / perDay);
const found = new Set(isAnomaly.flatMap((is, i) => (is ? [dayOf(i)] : [])));
for (let day = 0; day < 12; day++) {
  console.log(
    `day ${String(day + 1).padStart(2)}: ${test.anomalous.has(day) ? 'anomaly' : 'ordinary'}, ${found.has(day) ? 'found one' : 'found nothing'}`,
  );
}
const right = Array.from({ length: 12 }, (_, day) => found.has(day) === test.anomalous.has(day)).filter(Boolean).length;
console.log(`\nthreshold ${threshold.toFixed(3)}, days judged rightly ${right} of 12`);
