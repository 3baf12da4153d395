// Sentiment with recurrent layers that read reviews from both ends.
import {
  Model,
  bidirectional,
  dense,
  embedding,
  input,
  lstm,
  padSequences,
  setRandomSeed,
  tensor,
  type Tensor,
} from 'hornet';
import { reviews } from './data/reviews.js';
import { options } from './options.js';

const { epochs, samples } = options({ epochs: 4, samples: 6000 });
setRandomSeed(1);
const maxlen = 48;
const train = reviews(samples, 1);
const test = reviews(1000, 2);

// Words as numbers, the most frequent first; 0 pads, 1 stands for words that training has not seen.
const wordsOf = (text: string): string[] => text.toLowerCase().match(/[a-z']+/g) ?? [];
const counts = new Map<string, number>();
for (const word of train.texts.flatMap(wordsOf)) counts.set(word, (counts.get(word) ?? 0) + 1);
const vocabulary = [...counts].sort(([, a], [, b]) => b - a).map(([word]) => word);
const ids = new Map(vocabulary.map((word, i) => [word, i + 2]));
const encode = (texts: readonly string[]): Tensor =>
  padSequences(
    texts.map((text) => wordsOf(text).map((word) => ids.get(word) ?? 1)),
    { maxlen, padding: 'post', truncating: 'post' },
  );

const words = input({ shape: [maxlen], dtype: 'int32' });
let x = embedding(vocabulary.length + 2, 32, { maskZero: true })(words);
x = bidirectional(lstm(32, { returnSequences: true }))(x);
x = bidirectional(lstm(32))(x);
const model = new Model({ inputs: words, outputs: dense(1, { activation: 'sigmoid' })(x) });
model.summary();

model.compile({ optimizer: 'adam', loss: 'binary_crossentropy', metrics: ['accuracy'] });
await model.fit(encode(train.texts), tensor(train.labels), { epochs, batchSize: 32, validationSplit: 0.1, verbose: 2 });
const [, accuracy] = await model.evaluate(encode(test.texts), tensor(test.labels), { verbose: 0 });
console.log(`\ntest accuracy ${accuracy.toFixed(4)}`);

const said = [
  'The plot was not boring, and the cast is wonderful.',
  'The music was great, but the story was simply awful.',
];
const scores = await (await model.predict(encode(said), { verbose: 0 })).data();
said.forEach((text, i) => console.log(`${(100 * Number(scores[i])).toFixed(0).padStart(3)} % praise: ${text}`));
