// Every layer with a small input: what tests that take all of them run on.
import * as layers from '../../lib/layers/index.js';
import type { LayerTest } from '../harness/run-layer-test.js';

/** The name of a case and the layer. */
export type LayerCase = readonly [name: string, test: LayerTest];
type Options = Parameters<LayerTest['layer']>[0];

/** A layer without weights that passes masks on and keeps the shape. */
const shapeless = (
  make: LayerTest['layer'],
  inputShape: readonly number[],
  more: Partial<LayerTest> = {},
): LayerTest => ({
  layer: make,
  inputShape,
  outputShape: inputShape,
  supportsMasking: true,
  ...more,
});

const random: Partial<LayerTest> = { deterministic: true };
const masking = { supportsMasking: true };

const core: LayerCase[] = [
  [
    'Dense',
    { layer: (o) => layers.dense(5, o), inputShape: [3, 4], outputShape: [3, 5], trainableWeights: 2, ...masking },
  ],
  [
    'Dense with everything',
    {
      layer: (o) =>
        layers.dense(5, {
          ...o,
          activation: 'gelu',
          kernelRegularizer: 'l2',
          activityRegularizer: 'l1',
          biasConstraint: 'nonNeg',
        }),
      inputShape: [2, 3, 4],
      outputShape: [2, 3, 5],
      trainableWeights: 2,
      losses: 2,
      ...masking,
    },
  ],
  [
    'Embedding',
    {
      layer: (o) => layers.embedding(4, 3, o),
      inputShape: [2, 5],
      inputDType: 'int32',
      outputShape: [2, 5, 3],
      outputDType: 'float32',
      trainableWeights: 1,
    },
  ],
  [
    'ReversibleEmbedding',
    {
      layer: (o) => layers.reversibleEmbedding(4, 3, { ...o, logitSoftCap: 5 }),
      inputShape: [2, 5],
      inputDType: 'int32',
      outputShape: [2, 5, 3],
      outputDType: 'float32',
      trainableWeights: 1,
    },
  ],
  [
    'TernaryDense',
    {
      layer: (o) => layers.ternaryDense(5, o),
      inputShape: [3, 4],
      outputShape: [3, 5],
      trainableWeights: 2,
      ...masking,
    },
  ],
  [
    'SpectralNormalization',
    {
      layer: (o) => layers.spectralNormalization(layers.conv1d(5, 2, o), { ...o, powerIterations: 2 }),
      inputShape: [3, 4, 2],
      outputShape: [3, 3, 5],
      trainableWeights: 2,
      nonTrainableWeights: 1,
    },
  ],
  ['Identity', shapeless((o) => layers.identity(o), [2, 3])],
  ['Activation', shapeless((o) => layers.activation('tanh', o), [2, 3])],
  ['Rescaling', shapeless((o) => layers.rescaling(0.5, { ...o, offset: 1 }), [2, 3])],
];

const spatial = { 1: [8], 2: [8, 7], 3: [6, 5, 6] } as const;
const ranks = [1, 2, 3] as const;
const pick = <T>(name: string): T => (layers as unknown as Record<string, T>)[name];
type Conv = (filters: number, size: number, options: object) => layers.Layer;
type Sized = (size: number, options?: object) => layers.Layer;

const convolutions: LayerCase[] = [
  ...ranks.flatMap((rank): LayerCase[] => {
    const size = spatial[rank];
    const half = size.map((dim) => Math.ceil(dim / 2));
    const conv = pick<Conv>(`conv${rank}d`);
    const transpose = pick<Conv>(`conv${rank}dTranspose`);
    return [
      [
        `Conv${rank}D`,
        {
          layer: (o) => conv(6, 3, { ...o, strides: 2, padding: 'same', groups: 2, activation: 'relu' }),
          inputShape: [2, ...size, 4],
          outputShape: [2, ...half, 6],
          trainableWeights: 2,
        },
      ],
      [
        `Conv${rank}DTranspose`,
        {
          layer: (o) => transpose(3, 3, { ...o, strides: 2, padding: 'same', useBias: false }),
          inputShape: [2, ...half, 4],
          outputShape: [2, ...half.map((dim) => 2 * dim), 3],
          trainableWeights: 1,
        },
      ],
    ];
  }),
  ...([1, 2] as const).flatMap((rank): LayerCase[] => {
    const size = spatial[rank];
    const inner = size.map((dim) => dim - 2);
    return [
      [
        `DepthwiseConv${rank}D`,
        {
          layer: (o) => pick<Sized>(`depthwiseConv${rank}d`)(3, { ...o, depthMultiplier: 2 }),
          inputShape: [2, ...size, 3],
          outputShape: [2, ...inner, 6],
          trainableWeights: 2,
        },
      ],
      [
        `SeparableConv${rank}D`,
        {
          layer: (o) => pick<Conv>(`separableConv${rank}d`)(5, 3, o),
          inputShape: [2, ...size, 3],
          outputShape: [2, ...inner, 5],
          trainableWeights: 3,
        },
      ],
    ];
  }),
];

const pools: LayerCase[] = ranks.flatMap((rank) =>
  ['Max', 'Average'].flatMap((kind): LayerCase[] => {
    const size = spatial[rank];
    const [pool, global] = [`${kind}Pooling${rank}D`, `Global${kind}Pooling${rank}D`];
    const factory = (name: string): string => name[0].toLowerCase() + name.slice(1).replace('D', 'd');
    const masks = kind === 'Average' && rank === 1;
    return [
      [
        pool,
        {
          layer: (o) => pick<(options: object) => layers.Layer>(factory(pool))({ ...o, poolSize: 2 }),
          inputShape: [2, ...size, 3],
          outputShape: [2, ...size.map((dim) => Math.floor(dim / 2)), 3],
        },
      ],
      [
        global,
        {
          layer: (o) => pick<(options: object) => layers.Layer>(factory(global))(o),
          inputShape: [2, ...size, 3],
          outputShape: [2, 3],
          supportsMasking: masks,
        },
      ],
    ];
  }),
);

const reshaping: LayerCase[] = [
  ['Flatten', { layer: (o) => layers.flatten(o), inputShape: [2, 3, 4], outputShape: [2, 12] }],
  ['Reshape', { layer: (o) => layers.reshape([4, -1], o), inputShape: [2, 3, 4], outputShape: [2, 4, 3] }],
  ['Permute', { layer: (o) => layers.permute([2, 1], o), inputShape: [2, 3, 4], outputShape: [2, 4, 3] }],
  ['RepeatVector', { layer: (o) => layers.repeatVector(3, o), inputShape: [2, 4], outputShape: [2, 3, 4] }],
  [
    'Cropping1D',
    { layer: (o) => layers.cropping1d({ ...o, cropping: [1, 2] }), inputShape: [2, 6, 3], outputShape: [2, 3, 3] },
  ],
  [
    'Cropping2D',
    { layer: (o) => layers.cropping2d({ ...o, cropping: 1 }), inputShape: [2, 4, 5, 3], outputShape: [2, 2, 3, 3] },
  ],
  [
    'Cropping3D',
    {
      layer: (o) => layers.cropping3d({ ...o, cropping: 1 }),
      inputShape: [2, 4, 5, 3, 3],
      outputShape: [2, 2, 3, 1, 3],
    },
  ],
  [
    'ZeroPadding1D',
    { layer: (o) => layers.zeroPadding1d({ ...o, padding: [1, 2] }), inputShape: [2, 3, 3], outputShape: [2, 6, 3] },
  ],
  [
    'ZeroPadding2D',
    { layer: (o) => layers.zeroPadding2d({ ...o, padding: 1 }), inputShape: [2, 2, 3, 3], outputShape: [2, 4, 5, 3] },
  ],
  [
    'ZeroPadding3D',
    {
      layer: (o) => layers.zeroPadding3d({ ...o, padding: 1 }),
      inputShape: [2, 2, 3, 1, 3],
      outputShape: [2, 4, 5, 3, 3],
    },
  ],
  [
    'UpSampling1D',
    { layer: (o) => layers.upSampling1d({ ...o, size: 2 }), inputShape: [2, 3, 3], outputShape: [2, 6, 3] },
  ],
  [
    'UpSampling2D',
    { layer: (o) => layers.upSampling2d({ ...o, size: [2, 3] }), inputShape: [2, 2, 3, 3], outputShape: [2, 4, 9, 3] },
  ],
  [
    'UpSampling2D bilinear',
    {
      layer: (o) => layers.upSampling2d({ ...o, interpolation: 'bilinear' }),
      inputShape: [2, 2, 3, 3],
      outputShape: [2, 4, 6, 3],
    },
  ],
  [
    'UpSampling3D',
    { layer: (o) => layers.upSampling3d({ ...o, size: 2 }), inputShape: [2, 2, 3, 1, 3], outputShape: [2, 4, 6, 2, 3] },
  ],
];

const activations: LayerCase[] = [
  ['ReLU', shapeless((o) => new layers.ReLU({ ...o, maxValue: 1, negativeSlope: 0.1 }), [2, 3])],
  ['LeakyReLU', shapeless((o) => new layers.LeakyReLU(o), [2, 3])],
  ['ELU', shapeless((o) => new layers.ELU(o), [2, 3])],
  ['PReLU', shapeless((o) => new layers.PReLU({ ...o, sharedAxes: [1] }), [2, 3, 4], { trainableWeights: 1 })],
  ['Softmax', shapeless((o) => new layers.Softmax(o), [2, 3])],
];

const normalizations: LayerCase[] = [
  [
    'BatchNormalization',
    shapeless((o) => layers.batchNormalization(o), [4, 3, 5], { trainableWeights: 2, nonTrainableWeights: 2 }),
  ],
  ['LayerNormalization', shapeless((o) => layers.layerNormalization(o), [2, 3, 5], { trainableWeights: 2 })],
  [
    'GroupNormalization',
    shapeless((o) => layers.groupNormalization({ ...o, groups: 2 }), [2, 3, 4], { trainableWeights: 2 }),
  ],
  [
    'RMSNormalization',
    shapeless((o) => layers.rmsNormalization(o), [2, 3, 5], { trainableWeights: 1, supportsMasking: false }),
  ],
  ['UnitNormalization', shapeless((o) => layers.unitNormalization(o), [2, 5])],
];

const noise: LayerCase[] = [
  ['Dropout', shapeless((o) => layers.dropout(0.5, o), [3, 4], random)],
  ['GaussianDropout', shapeless((o) => layers.gaussianDropout(0.5, o), [3, 4], random)],
  ['GaussianNoise', shapeless((o) => layers.gaussianNoise(0.5, o), [3, 4], random)],
  ['AlphaDropout', shapeless((o) => layers.alphaDropout(0.5, o), [3, 4], random)],
  ['SpatialDropout1D', shapeless((o) => layers.spatialDropout1d(0.5, o), [2, 3, 4], random)],
  ['SpatialDropout2D', shapeless((o) => layers.spatialDropout2d(0.5, o), [2, 3, 3, 4], random)],
  ['SpatialDropout3D', shapeless((o) => layers.spatialDropout3d(0.5, o), [2, 2, 3, 3, 4], random)],
];

/** A layer that keeps the sizes of images; the numbers that it draws are those of a seed. */
const imageRow = (
  name: string,
  layer: (options: Options & { readonly seed: number }) => layers.Layer,
  more: Partial<LayerTest> = {},
): LayerCase => [
  name,
  { layer: (o) => layer({ ...o, seed: 3 }), inputShape: [3, 4, 5, 3], outputShape: [3, 4, 5, 3], ...more },
];
const valueRange = [-2, 2] as const;
const augmentation: LayerCase[] = [
  imageRow('RandomBrightness', (o) => layers.randomBrightness(0.3, { ...o, valueRange })),
  imageRow('RandomContrast', (o) => layers.randomContrast(0.3, { ...o, valueRange })),
  imageRow('RandomColorDegeneration', (o) => layers.randomColorDegeneration(0.3, { ...o, valueRange })),
  imageRow('RandomSharpness', (o) => layers.randomSharpness(0.3, { ...o, valueRange })),
  imageRow('RandomGrayscale', (o) => layers.randomGrayscale({ ...o, factor: 0.3 })),
  imageRow('RandomHue', (o) => layers.randomHue(0.3, { ...o, valueRange })),
  imageRow('RandomSaturation', (o) => layers.randomSaturation(0.3, { ...o, valueRange })),
  imageRow('RandomColorJitter', (o) => layers.randomColorJitter({ ...o, contrastFactor: 0.3, hueFactor: 0.2 })),
  imageRow('RandomInvert', (o) => layers.randomInvert({ ...o, factor: 0.3, valueRange })),
  imageRow('RandomPosterization', (o) => layers.randomPosterization([2, 6], { ...o, valueRange }), {
    differentiable: false,
  }),
  imageRow('Solarization', (o) => layers.solarization({ ...o, additionFactor: 0.3, valueRange })),
  imageRow('RandomGaussianBlur', (o) => layers.randomGaussianBlur({ ...o, kernelSize: [3, 5], sigma: [0.2, 0.8] })),
  imageRow('RandomErasing', (o) => layers.randomErasing({ ...o, fillValue: [1, 0, 1], valueRange })),
  imageRow('MixUp', (o) => layers.mixUp({ ...o, alpha: 0.4 })),
  imageRow('CutMix', (o) => layers.cutMix({ ...o, factor: 0.7 })),
  imageRow('RandAugment', (o) => layers.randAugment({ ...o, numOps: 1, valueRange })),
  imageRow('AugMix', (o) => layers.augMix({ ...o, numChains: 2, chainDepth: 1, valueRange })),
  imageRow('AutoContrast', ({ dtype }) => layers.autoContrast({ dtype, valueRange })),
  imageRow('Equalization', ({ dtype }) => layers.equalization({ dtype, bins: 16, valueRange })),
  imageRow(
    'ContrastLimitedAdaptiveHistogramEqualization',
    ({ dtype }) => layers.contrastLimitedAdaptiveHistogramEqualization({ dtype, tileGridSize: [2, 3], valueRange }),
    { differentiable: false },
  ),
];

const pair = [
  [2, 3, 4],
  [2, 3, 4],
] as const;
const merging: LayerCase[] = [
  ...(['Add', 'Subtract', 'Multiply', 'Average', 'Maximum', 'Minimum'] as const).map((name): LayerCase => {
    const layer = (o: Options): layers.Layer => new layers[name](o);
    return [name, { layer, inputShape: pair, outputShape: [2, 3, 4], ...masking }];
  }),
  [
    'Concatenate',
    { layer: (o) => new layers.Concatenate({ ...o, axis: 1 }), inputShape: pair, outputShape: [2, 6, 4], ...masking },
  ],
  ['Dot', { layer: (o) => new layers.Dot(2, o), inputShape: pair, outputShape: [2, 3, 3], ...masking }],
];

type Recurrent = (options: object) => layers.RNN;
const sequence = { inputShape: [2, 4, 3], supportsMasking: true } as const;
const recurrentRow = (name: string, layer: Recurrent, more: Partial<LayerTest> = {}): LayerCase => [
  name,
  { ...sequence, layer, outputShape: [2, 5], trainableWeights: 3, ...more },
];
const recurrence: LayerCase[] = [
  recurrentRow('SimpleRNN', (o) => layers.simpleRnn(5, { ...o, activation: 'relu' })),
  recurrentRow('LSTM', (o) => layers.lstm(5, { ...o, returnSequences: true, goBackwards: true }), {
    outputShape: [2, 4, 5],
  }),
  recurrentRow('GRU', (o) => layers.gru(5, { ...o, kernelRegularizer: 'l2', useBias: false }), {
    trainableWeights: 2,
    losses: 1,
  }),
  recurrentRow('GRU step by step', (o) =>
    layers.gru(5, { ...o, resetAfter: false, dropout: 0.2, recurrentDropout: 0.3 }),
  ),
  recurrentRow('RNN', (o) => layers.rnn(layers.lstmCell(5, { ...o, activation: 'elu' }), o)),
  recurrentRow('RNN of stacked cells', (o) => layers.rnn([layers.gruCell(4, o), layers.simpleRnnCell(5, o)], o), {
    trainableWeights: 6,
  }),
  ...([1, 2, 3] as const).map((rank): LayerCase => {
    const make = { 1: layers.convLstm1d, 2: layers.convLstm2d, 3: layers.convLstm3d }[rank];
    const args = { padding: 'same', strides: 2, dropout: 0.2, recurrentDropout: 0.3 } as const;
    const [inputs, outputs] = [5, 3].map((size) => Array.from({ length: rank }, () => size));
    return [
      `ConvLSTM${rank}D`,
      {
        layer: (o) => make(2, 3, { ...o, ...args }),
        inputShape: [2, 3, ...inputs, 2],
        outputShape: [2, ...outputs, 2],
        trainableWeights: 3,
        supportsMasking: true,
      },
    ];
  }),
  [
    'Bidirectional',
    {
      ...sequence,
      layer: (o) => layers.bidirectional(layers.lstm(5, { ...o, returnSequences: true }), o),
      outputShape: [2, 4, 10],
      trainableWeights: 6,
    },
  ],
];

const attended = { separate: true, supportsMasking: true, trainableWeights: 8 } as const;
const attention: LayerCase[] = [
  [
    'MultiHeadAttention',
    {
      ...attended,
      layer: (o) => layers.multiHeadAttention(2, 3, { ...o, dropout: 0.1, seed: 1 }),
      inputShape: [
        [2, 5, 4],
        [2, 3, 6],
      ],
      outputShape: [2, 5, 4],
    },
  ],
  [
    'MultiHeadAttention over two axes, gated',
    {
      ...attended,
      layer: (o) =>
        layers.multiHeadAttention(2, 3, {
          ...o,
          valueDim: 4,
          outputShape: 7,
          attentionAxes: [-2, 1],
          useGate: true,
          kernelRegularizer: 'l2',
        }),
      inputShape: [
        [2, 3, 2, 5, 4],
        [2, 2, 2, 4, 4],
        [2, 2, 2, 4, 3],
      ],
      outputShape: [2, 3, 2, 5, 7],
      trainableWeights: 10,
      losses: 5,
    },
  ],
  [
    'GroupQueryAttention',
    {
      ...attended,
      layer: (o) => layers.groupQueryAttention(3, 4, 2, { ...o, slidingWindow: 2 }),
      inputShape: [
        [2, 5, 4],
        [2, 5, 4],
      ],
      outputShape: [2, 5, 4],
    },
  ],
];

const photos = { inputShape: [2, 6, 8, 3], outputShape: [2, 6, 8, 3] };
const drawn = { ...photos, deterministic: false };
const images: LayerCase[] = [
  ['Resizing', { ...photos, layer: (o) => layers.resizing(9, 4, o), outputShape: [2, 9, 4, 3] }],
  ['CenterCrop', { ...photos, layer: (o) => layers.centerCrop(5, 4, o), outputShape: [2, 5, 4, 3] }],
  [
    'CenterCrop of something smaller',
    { ...photos, layer: (o) => layers.centerCrop(7, 9, o), outputShape: [2, 7, 9, 3] },
  ],
  ['RandomCrop', { ...drawn, layer: (o) => layers.randomCrop(3, 4, o), outputShape: [2, 3, 4, 3] }],
  ['RandomFlip', { ...drawn, layer: (o) => layers.randomFlip(o) }],
  ['RandomTranslation', { ...drawn, layer: (o) => layers.randomTranslation(0.3, [0.1, 0.2], o) }],
  ['RandomRotation', { ...drawn, layer: (o) => layers.randomRotation(0.2, { ...o, fillMode: 'wrap' }) }],
  ['RandomZoom', { ...drawn, layer: (o) => layers.randomZoom(0.2, { ...o, fillMode: 'constant', fillValue: 1 }) }],
  ['RandomShear', { ...drawn, layer: (o) => layers.randomShear({ ...o, xFactor: 0.3, yFactor: [0.1, 0.2] }) }],
  ['RandomPerspective', { ...drawn, layer: (o) => layers.randomPerspective({ ...o, factor: [1, 1], scale: 0.4 }) }],
  [
    'RandomElasticTransform',
    {
      ...drawn,
      layer: (o) => layers.randomElasticTransform({ ...o, factor: [1, 1], scale: [0.8, 1], valueRange: [-2, 2] }),
    },
  ],
];

const spectrograms: LayerCase[] = [
  [
    'STFTSpectrogram',
    {
      layer: (o) => layers.stftSpectrogram({ ...o, frameLength: 6, fftLength: 8, padding: 'same' }),
      inputShape: [2, 12, 3],
      outputShape: [2, 4, 15],
      trainableWeights: 2,
    },
  ],
  [
    'MelSpectrogram',
    {
      layer: (o) => layers.melSpectrogram({ ...o, fftLength: 8, sequenceStride: 4, samplingRate: 200, numMelBins: 3 }),
      inputShape: [2, 16],
      outputShape: [2, 3, 5],
    },
  ],
];

const integers: Partial<LayerTest> = { inputDType: 'int32', outputDType: 'int64' };
const preprocessing: LayerCase[] = [
  ['Normalization', shapeless((o) => layers.normalization({ ...o, mean: 1, variance: 2 }), [3, 4])],
  [
    'Discretization',
    {
      layer: () => layers.discretization({ binBoundaries: [-1, 0, 1] }),
      inputShape: [3, 4],
      outputShape: [3, 4],
      outputDType: 'int32',
      differentiable: false,
    },
  ],
  ['Hashing', { ...integers, layer: () => layers.hashing(5), inputShape: [3, 4], outputShape: [3, 4] }],
  [
    'HashedCrossing',
    {
      ...integers,
      layer: () => layers.hashedCrossing(5),
      inputShape: [
        [3, 1],
        [3, 1],
      ],
      outputShape: [3, 1],
    },
  ],
  [
    'IntegerLookup',
    {
      ...integers,
      layer: () => layers.integerLookup({ vocabulary: [1, 3], numOovIndices: 2, outputMode: 'multi_hot' }),
      inputShape: [3, 6],
      outputShape: [3, 4],
    },
  ],
];

export const layerCases: readonly LayerCase[] = [
  ...core,
  ...convolutions,
  ...pools,
  ...reshaping,
  ...activations,
  ...normalizations,
  ...noise,
  ...augmentation,
  ...merging,
  ...attention,
  ...recurrence,
  ...images,
  ...spectrograms,
  ...preprocessing,
];
