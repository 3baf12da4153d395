// Cases of applications: architecture facts, outputs with generated weights, preprocessing of images.
import * as hornet from 'hornet';
import { clearSession, Model, type Tensor, type Variable } from 'hornet';
import { expectEqual } from '../compare.js';
import { generate, weightValues, type Recorded } from '../generator.js';
import { toArgument, upload, type AnyFunction } from '../library.js';
import { Mismatch, NotImplemented } from '../outcome.js';
import { camelCase } from '../signatures.js';
import { decodeConfig, HostTensor } from '../values.js';
import type { Context } from './context.js';

/** A member of `applications` by Keras's name, whatever its capitals. */
function find(name: string, space: unknown = (hornet as { applications?: object }).applications): unknown {
  const plain = (text: string): string => text.toLowerCase().replaceAll('_', '');
  const found = Object.entries(space ?? {}).find(([key]) => plain(key) === plain(name));
  if (!found) throw new NotImplemented(`applications.${name}`);
  return found[1];
}

const camelKeys = (record: object): object =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [camelCase(key), value as unknown]));

/** A case of an application. */
export async function runApplication(context: Context): Promise<void> {
  const { item } = context;
  if (item.kind === 'preprocess_input') return runPreprocessing(context);
  clearSession();
  // The published networks have weights that no test downloads.
  const { architecture } = find(item.class!) as { architecture: (options: object) => Model };
  const model = architecture(camelKeys(decodeConfig(item.kwargs) as object));
  const variables = compareArchitecture(context, model);
  if (item.kind === 'facts') return;
  const input = context.field<Input>('input');
  const scale = item.kernel_scale as number;
  for (const [k, recorded] of (item.variables as Recorded[]).entries()) {
    const values = weightValues(k, recorded, scale);
    if (values) variables[k].assign(upload(new HostTensor('float32', recorded[2], values)));
  }
  const x = upload(input.value);
  await expectEqual('input', upload(generatedInput(input)), input.value, { tol: 1e-6 });
  await expectEqual('output', model(x), context.field('output'), context.tolerance);
  if (!item.features) return;
  // The last layer that computes with weights; an activation may follow.
  const classifier = model.layers.filter((layer) => layer.weights.length > 0).at(-1)!;
  const inner = new Model({ inputs: model.inputs as never, outputs: classifier.input });
  await expectEqual('features', inner(x), context.field('features'), context.tolerance);
}

interface Input {
  readonly value: HostTensor;
  readonly lcg: number;
  readonly range: readonly [number, number];
}

/** The input as its recipe gives it. */
export function generatedInput({ value, lcg, range }: Input): HostTensor {
  const numbers = Float32Array.from(generate(lcg, value.data.length));
  const pixels = range[0] === 0 ? numbers.map((u) => Math.fround(Math.fround(u + 1) * 127.5)) : numbers;
  return new HostTensor('float32', value.shape, pixels);
}

function compareArchitecture({ item }: Context, model: Model): readonly Variable[] {
  const expectSame = (what: string, actual: unknown, want: unknown): void => {
    const [got, wanted] = [JSON.stringify(actual), JSON.stringify(want)];
    if (got !== wanted) throw new Mismatch(`${what}: ${got.slice(0, 200)}, expected ${wanted.slice(0, 200)}`);
  };
  expectSame('name', model.name, item.model_name);
  expectSame(
    'layers',
    model.layers.map((layer) => [layer.name, layer.className]),
    item.layers,
  );
  const variables = model.weights;
  const facts = variables.map((v) => [v.path.split('/').at(-2), v.name, v.shape, v.trainable]);
  expectSame('variables', facts, item.variables);
  expectSame('count of parameters', model.countParams(), item.count_params);
  const symbolic = (tensor: unknown): unknown => (tensor as { symbolicShape: unknown }).symbolicShape;
  expectSame('input shape', symbolic(model.input), item.input_shape);
  expectSame('output shape', symbolic(model.output), item.output_shape);
  return variables;
}

async function runPreprocessing(context: Context): Promise<void> {
  const { item } = context;
  const preprocess = find(
    'preprocess_input',
    find((item.module as string | undefined) ?? 'imagenet_utils'),
  ) as AnyFunction;
  const x = toArgument(context.field('x')) as Tensor;
  const options = item.mode ? [{ mode: item.mode, dataFormat: item.data_format }] : [];
  await expectEqual('result', preprocess(x, ...options), context.field('y'), context.tolerance);
}
