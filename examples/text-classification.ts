// Sentiment from raw text: TextVectorization learns the words, convolutions read them, and the model takes strings.
import {
  Model,
  TextVectorization,
  conv1d,
  dense,
  dropout,
  embedding,
  globalMaxPooling1d,
  input,
  setRandomSeed,
  tensor,
} from 'hornet';
import { reviews } from './data/reviews.js';
import { options } from './options.js';

const { epochs, samples } = options({ epochs: 3, samples: 4000 });
setRandomSeed(1);
const train = reviews(samples, 1);
const test = reviews(1000, 2);

const vectorize = new TextVectorization({ maxTokens: 1000, outputMode: 'int', outputSequenceLength: 64 });
await vectorize.adapt(train.texts);
console.log(
  `${vectorize.vocabularySize()} words, the most frequent: ${vectorize.getVocabulary().slice(2, 10).join(' ')}`,
);

const text = input({ shape: [], dtype: 'string' });
let x = embedding(1000, 64)(vectorize(text));
x = dropout(0.3)(x);
x = conv1d(64, 5, { activation: 'relu', padding: 'same' })(x);
x = conv1d(64, 5, { activation: 'relu', padding: 'same' })(x);
x = dense(64, { activation: 'relu' })(globalMaxPooling1d()(x));
const model = new Model({ inputs: text, outputs: dense(1, { activation: 'sigmoid' })(dropout(0.3)(x)) });
model.summary();

model.compile({ optimizer: 'adam', loss: 'binary_crossentropy', metrics: ['accuracy'] });
await model.fit(train.texts, tensor(train.labels), { epochs, batchSize: 32, validationSplit: 0.1, verbose: 2 });
const [, accuracy] = await model.evaluate(test.texts, tensor(test.labels), { verbose: 0 });
console.log(`\ntest accuracy ${accuracy.toFixed(4)}`);

const said = [
  'The plot was not boring, and the cast is wonderful.',
  'The music was great, but the story was simply awful.',
];
const scores = await (await model.predict(said, { verbose: 0 })).data();
said.forEach((text, i) => console.log(`${(100 * Number(scores[i])).toFixed(0).padStart(3)} % praise: ${text}`));
