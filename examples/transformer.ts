// A transformer with encoder and decoder that translates numbers: "four thousand and seventy two" → 4072.
import {
  Layer,
  Model,
  Sequential,
  add,
  dense,
  dropout,
  embedding,
  input,
  layerNormalization,
  multiHeadAttention,
  ops,
  setRandomSeed,
  tensor,
  type Tensor,
} from 'hornet';
import { inWords, numberWords } from './data/numbers.js';
import { drawIndex, randomSource } from './data/random.js';
import { options } from './options.js';

const { epochs, samples } = options({ epochs: 8, samples: 12_000 });
setRandomSeed(1);
const [embedDim, heads, hidden] = [64, 4, 128];

// Words and signs as numbers; 0 pads and is masked.
const words = ['', ...numberWords];
const signs = ['', '<', '>', ...'0123456789'];
const [wordsAtMost, signsAtMost] = [11, 8];
const encode = (vocabulary: readonly string[], items: readonly string[], length: number): number[] =>
  Array.from({ length }, (_, i) => (i < items.length ? vocabulary.indexOf(items[i]) : 0));

const random = randomSource(1);
// As many short numbers as long ones.
const numbers = Array.from({ length: samples + 500 }, () => drawIndex(random, 10 ** (1 + drawIndex(random, 6))));
const known = new Set(numbers.slice(0, samples));
const unseen = [...new Set(numbers.slice(samples))].filter((number) => !known.has(number));

const source = (of: readonly number[]): Tensor => tensor(of.map((n) => encode(words, inWords(n), wordsAtMost)));
const target = (of: readonly number[]): number[][] =>
  of.map((n) => encode(signs, ['<', ...String(n), '>'], signsAtMost + 1));

/** Token and position, each with a vector of its own, added up. */
class PositionalEmbedding extends Layer {
  readonly tokens;
  readonly positions;

  constructor(length: number, vocabulary: number) {
    super();
    this.tokens = embedding(vocabulary, embedDim, { maskZero: true });
    this.positions = embedding(length, embedDim);
  }

  override call(inputs: Tensor): Tensor {
    return ops.add(this.tokens(inputs), this.positions(ops.arange(inputs.shape[1])));
  }

  override computeMask(inputs: Tensor): Tensor {
    return ops.notEqual(inputs, 0);
  }
}

const feedForward = (x: Tensor): Tensor => {
  const network = new Sequential([dense(hidden, { activation: 'relu' }), dense(embedDim), dropout(0.1)]);
  return layerNormalization()(add([x, network<Tensor>(x)]));
};

const encoderInput = input({ shape: [wordsAtMost], name: 'words' });
let x = new PositionalEmbedding(wordsAtMost, words.length)<Tensor>(encoderInput);
x = layerNormalization()(add([x, multiHeadAttention(heads, embedDim / heads)(x, x)]));
const encoded = feedForward(x);

const decoderInput = input({ shape: [signsAtMost], name: 'signs' });
let y = new PositionalEmbedding(signsAtMost, signs.length)<Tensor>(decoderInput);
y = layerNormalization()(add([y, multiHeadAttention(heads, embedDim / heads)(y, y, { useCausalMask: true })]));
y = layerNormalization()(add([y, multiHeadAttention(heads, embedDim / heads)(y, encoded)]));
const outputs = dense(signs.length, { activation: 'softmax' })(feedForward(y));
const model = new Model({ inputs: { words: encoderInput, signs: decoderInput }, outputs });

// The decoder sees the signs up to each place and learns the next one; what is masked does not count.
const train = target(numbers.slice(0, samples));
model.compile({ optimizer: 'adam', loss: 'sparse_categorical_crossentropy', weightedMetrics: ['accuracy'] });
await model.fit(
  { words: source(numbers.slice(0, samples)), signs: tensor(train.map((row) => row.slice(0, -1))) },
  tensor(train.map((row) => row.slice(1))),
  { epochs, batchSize: 64, verbose: 2 },
);

/** Sign by sign, the most probable one each time. */
async function translate(of: readonly number[]): Promise<string[]> {
  const words = source(of);
  const rows = of.map(() => encode(signs, ['<'], signsAtMost));
  for (let i = 0; i + 1 < signsAtMost; i++) {
    const guesses = ops.argmax(model.predictOnBatch({ words, signs: tensor(rows) }), { axis: -1 });
    const next = (await guesses.array()) as number[][];
    rows.forEach((row, n) => (row[i + 1] = next[n][i]));
  }
  return rows.map(
    (row) =>
      row
        .map((sign) => signs[sign])
        .join('')
        .slice(1)
        .split('>')[0],
  );
}

const translated = await translate(unseen);
unseen.slice(0, 8).forEach((number, i) => console.log(`${inWords(number).join(' ')} → ${translated[i]}`));
const right = unseen.filter((number, i) => String(number) === translated[i]).length;
console.log(`\ntranslation accuracy ${(right / unseen.length).toFixed(4)} on ${unseen.length} numbers never seen`);
