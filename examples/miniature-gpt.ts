// A miniature GPT: learns a language word by word, then writes sentences of its own. Their grammar can be checked.
import {
  Callback,
  Layer,
  Model,
  Sequential,
  dense,
  dropout,
  embedding,
  input,
  layerNormalization,
  losses,
  multiHeadAttention,
  ops,
  optimizers,
  random,
  setRandomSeed,
  tensor,
  type Tensor,
} from 'hornet';
import { randomSource } from './data/random.js';
import { isGrammatical, sentence, sentenceWords } from './data/sentences.js';
import { options } from './options.js';

const { epochs, sentences } = options({ epochs: 8, sentences: 16_000 });
setRandomSeed(1);
const [context, embedDim, heads, hidden] = [32, 64, 4, 128];

// The text as one row of words, cut into pieces; every word but the last has one that follows it.
const source = randomSource(1);
const text = Array.from({ length: sentences }, () => sentence(source)).flat();
const ids = new Map(sentenceWords.map((word, id) => [word, id]));
const pieces = Array.from({ length: Math.floor((text.length - 1) / context) }, (_, i) =>
  text.slice(i * context, (i + 1) * context + 1).map((word) => ids.get(word)!),
);
const data = tensor(pieces, undefined, 'int32');
const [x, y] = [ops.slice(data, [0, 0], [pieces.length, context]), ops.slice(data, [0, 1], [pieces.length, context])];

class TransformerBlock extends Layer {
  readonly attention = multiHeadAttention(heads, embedDim / heads, { dropout: 0.1 });
  readonly network = new Sequential([dense(hidden, { activation: 'gelu' }), dense(embedDim), dropout(0.1)]);
  readonly norms = [layerNormalization(), layerNormalization()];

  override call(inputs: Tensor): Tensor {
    const x = this.norms[0](inputs);
    const attended = ops.add(inputs, this.attention(x, x, { useCausalMask: true }));
    return ops.add(attended, this.network<Tensor>(this.norms[1](attended)));
  }
}

class TokenAndPositionEmbedding extends Layer {
  readonly tokens = embedding(sentenceWords.length, embedDim);
  readonly positions = embedding(context, embedDim);

  override call(inputs: Tensor): Tensor {
    return ops.add(this.tokens(inputs), this.positions(ops.arange(inputs.shape[1])));
  }
}

const words = input({ shape: [context], dtype: 'int32' });
let h = new TokenAndPositionEmbedding()<Tensor>(words);
for (let i = 0; i < 2; i++) h = new TransformerBlock()<Tensor>(h);
const model = new Model({ inputs: words, outputs: dense(sentenceWords.length)(layerNormalization()(h)) });

/** Writes `count` sentences, each word drawn from what the network takes for probable behind the words so far. */
async function write(count: number): Promise<string[]> {
  const rows = Array.from({ length: count }, () => [ids.get('.')!]);
  for (let i = 1; i < context; i++) {
    const padded = rows.map((row) => [...row, ...Array<number>(context - row.length).fill(0)]);
    const logits = ops.take(model.predictOnBatch(tensor(padded, undefined, 'int32')), i - 1, { axis: 1 });
    const drawn = (await random.categorical(logits, 1).array()) as number[][];
    rows.forEach((row, n) => row.push(drawn[n][0]));
  }
  return rows.map((row) => {
    const end = row.indexOf(ids.get('.')!, 1);
    return row
      .slice(1, end < 0 ? undefined : end)
      .map((id) => sentenceWords[id])
      .join(' ');
  });
}

class Writer extends Callback {
  override async onEpochEnd(epoch: number): Promise<void> {
    const [line] = await write(1);
    console.log(`after epoch ${epoch + 1}: ${line}`);
  }
}

model.compile({
  optimizer: new optimizers.Adam({ learningRate: 0.003 }),
  loss: new losses.SparseCategoricalCrossentropy({ fromLogits: true }),
});
await model.fit(x, y, { epochs, batchSize: 32, verbose: 2, callbacks: [new Writer()] });

const written = await write(200);
console.log(`\n${written.slice(0, 8).join('.\n')}.\n`);
const right = written.filter((line) => isGrammatical(line.split(' '))).length;
console.log(`grammatical ${(right / written.length).toFixed(3)} of ${written.length} sentences`);
