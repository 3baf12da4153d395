// The large networks of the benchmarks as short recipes, and Hornet's form of them. networks.py has the same recipes.
import {
  batchNormalization,
  conv2d,
  dense,
  depthwiseConv2d,
  flatten,
  globalAveragePooling2d,
  input,
  layers,
  lstm,
  maxPooling2d,
  Model,
  reLU,
  zeroPadding2d,
  type KerasTensor,
} from 'hornet';

/**
 * A step of a recipe, working on the present value and a stack: `conv` filters size stride, with padding (size − 1) / 2 on
 * all sides and no bias; `convBias`, the same with bias and ReLU; `depthwise` size stride; `push` copies the value onto the
 * stack, `swap` exchanges the two, `add` adds what lies there.
 */
export type Step = readonly [kind: string, ...numbers: number[]];

function resnet50(): Step[] {
  const steps: Step[] = [['conv', 64, 7, 2], ['bn'], ['relu'], ['pool', 3, 2, 1]];
  for (const [blocks, filters, first] of [
    [3, 64, 1],
    [4, 128, 2],
    [6, 256, 2],
    [3, 512, 2],
  ]) {
    for (let block = 0; block < blocks; block++) {
      const stride = block === 0 ? first : 1;
      steps.push(['push'], ['conv', filters, 1, 1], ['bn'], ['relu'], ['conv', filters, 3, stride], ['bn'], ['relu']);
      steps.push(['conv', 4 * filters, 1, 1], ['bn']);
      if (block === 0) steps.push(['swap'], ['conv', 4 * filters, 1, stride], ['bn']);
      steps.push(['add'], ['relu']);
    }
  }
  return [...steps, ['mean'], ['dense', 1000]];
}

function mobilenetV2(): Step[] {
  const steps: Step[] = [['conv', 32, 3, 2], ['bn'], ['relu6']];
  let channels = 32;
  for (const [expansion, filters, blocks, first] of [
    [1, 16, 1, 1],
    [6, 24, 2, 2],
    [6, 32, 3, 2],
    [6, 64, 4, 2],
    [6, 96, 3, 1],
    [6, 160, 3, 2],
    [6, 320, 1, 1],
  ]) {
    for (let block = 0; block < blocks; block++) {
      const stride = block === 0 ? first : 1;
      const isResidual = stride === 1 && channels === filters;
      if (isResidual) steps.push(['push']);
      if (expansion > 1) steps.push(['conv', expansion * channels, 1, 1], ['bn'], ['relu6']);
      steps.push(['depthwise', 3, stride], ['bn'], ['relu6'], ['conv', filters, 1, 1], ['bn']);
      if (isResidual) steps.push(['add']);
      channels = filters;
    }
  }
  return [...steps, ['conv', 1280, 1, 1], ['bn'], ['relu6'], ['mean'], ['dense', 1000]];
}

function vgg16(): Step[] {
  const block = (count: number, filters: number): Step[] => [
    ...Array.from({ length: count }, (): Step => ['convBias', filters, 3, 1]),
    ['pool', 2, 2, 0],
  ];
  const features = [block(2, 64), block(2, 128), block(3, 256), block(3, 512), block(3, 512)].flat();
  return [...features, ['flatten'], ['denseRelu', 4096], ['denseRelu', 4096], ['dense', 1000]];
}

const lstm2 = (): Step[] => [
  ['lstm', 128, 1],
  ['lstm', 128, 0],
  ['dense', 10],
];

export const recipes: Readonly<Record<string, () => Step[]>> = { resnet50, mobilenetV2, vgg16, lstm2 };

/** The network, and its layers with kernels in the order of the recipe. Outputs are logits in float32. */
export function buildNetwork(
  recipe: readonly Step[],
  inputShape: readonly number[],
): { model: Model; weighted: layers.Layer[] } {
  const weighted: layers.Layer[] = [];
  const stack: KerasTensor[] = [];
  const x = input({ shape: [...inputShape] });
  const keep = <L extends layers.Layer>(layer: L): L => (weighted.push(layer), layer);
  const padded = (value: KerasTensor, size: number): KerasTensor =>
    size > 1 ? zeroPadding2d({ padding: (size - 1) / 2 })(value) : value;
  // Padding on one side only is all that `same` may mean with strides; without them it is this padding.
  const edges = (value: KerasTensor, size: number, strides: number): [KerasTensor, 'same' | 'valid'] =>
    strides === 1 ? [value, 'same'] : [padded(value, size), 'valid'];

  const apply = (value: KerasTensor, [kind, a = 0, b = 0, c = 0]: Step): KerasTensor => {
    switch (kind) {
      case 'conv':
      case 'convBias': {
        const [from, padding] = edges(value, b, c);
        const useBias = kind === 'convBias';
        return keep(conv2d(a, b, { strides: c, padding, useBias, activation: useBias ? 'relu' : 'linear' }))(from);
      }
      case 'depthwise': {
        const [from, padding] = edges(value, a, b);
        return keep(depthwiseConv2d(a, { strides: b, padding, useBias: false }))(from);
      }
      case 'bn':
        return batchNormalization({ momentum: 0.9, epsilon: 1e-5 })(value);
      case 'relu':
        return reLU()(value);
      case 'relu6':
        return reLU({ maxValue: 6 })(value);
      case 'pool': {
        // After a ReLU zeros at the border are as good as minus infinity.
        const from = c > 0 ? zeroPadding2d({ padding: c })(value) : value;
        return maxPooling2d({ poolSize: a, strides: b })(from);
      }
      case 'mean':
        return globalAveragePooling2d()(value);
      case 'flatten':
        return flatten()(value);
      case 'dense':
        return keep(dense(a, { dtype: 'float32' }))(value);
      case 'denseRelu':
        return keep(dense(a, { activation: 'relu' }))(value);
      case 'lstm':
        return keep(lstm(a, { returnSequences: b === 1 }))(value);
      case 'push':
        stack.push(value);
        return value;
      case 'swap': {
        const top = stack.pop()!;
        stack.push(value);
        return top;
      }
      case 'add':
        return layers.add([value, stack.pop()!]);
      default:
        throw new Error(`there is no step ${kind}`);
    }
  };
  const output = recipe.reduce(apply, x);
  return { model: new Model({ inputs: x, outputs: output }), weighted };
}
