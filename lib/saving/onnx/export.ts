// `model.export('m.onnx')`: what a model computes when it predicts, as a graph of ONNX.
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { printLine } from '../../messages.js';
import { onDevice } from '../../device.js';
import { HornetError } from '../../errors.js';
import type { Value } from '../../graph/ir.js';
import type { CallOptions } from '../../layers/layer.js';
import type { Model } from '../../models/model.js';
import type { Tensor } from '../../tensor.js';
import { flatten, unflatten, type Tree } from '../../tree.js';
import { finishInTurns, type Steps } from '../../turns.js';
import { replaceFile } from '../atomic.js';
import { OnnxFile } from './file.js';
import { lowerNodes } from './lower.js';
import { modelMessage, opsets, type External, type Initializer, type OnnxGraph, type ValueInfo } from './proto.js';
import type { Piece } from './protobuf.js';
import { nameResults, prune } from './results.js';
import { plain, Scope } from './scope.js';
import { signatureOf, type InputSignature } from './signature.js';
import { isKnown, traceSized, whoIs, type SizedGraph } from './traces.js';

/** Options of `model.export`. */
export interface ExportArgs {
  /** Default `'onnx'`, the only one there is. */
  readonly format?: 'onnx';
  /** Whether to print where the file is. Default true. */
  readonly verbose?: boolean | null;
  /**
   * Shapes and dtypes of the inputs, null for unknown sizes, in the structure of the inputs: for models that do not know
   * them, or to fix some. Default: what the model knows, with any number of rows.
   */
  readonly inputSignature?: InputSignature | null;
  /** The version of ONNX's set of operators, 18 to 26. Default 26; an older one for an older runtime. */
  readonly opsetVersion?: number | null;
  /**
   * Whether weights go into a second file beside the first, named like it with `.data` behind. Default: where they would
   * not fit into one, which holds 2 GB.
   */
  readonly externalData?: boolean | null;
}

/** Protocol buffers end here. A little is left for what is not weights. */
const LARGEST = 2 ** 31 - 2 ** 24;
/** Smaller tensors stay in the file, and the larger ones begin at multiples of this. */
const PAGE = 4096;

/**
 * Writes what a model computes in inference as a graph of ONNX. The file is replaced as a whole.
 *
 * @throws HornetError when ONNX has no form for something that the model does, when the model does not know its inputs,
 * or when the file cannot be written.
 */
export async function exportModel(model: Model, path: string, args: ExportArgs = {}): Promise<void> {
  const { format = 'onnx', inputSignature = null, opsetVersion, verbose } = args;
  if (format !== 'onnx') {
    const others =
      "SavedModel, OpenVINO, LiteRT and torch are made by their own frameworks: from a '.keras' file, or from the ONNX";
    throw new HornetError('export', `expected format to be 'onnx', received '${String(format)}'; ${others}`);
  }
  const opset = opsetVersion ?? opsets.at(-1)!;
  if (!opsets.includes(opset)) {
    throw new HornetError(
      'export',
      `expected opsetVersion to be an integer from ${opsets[0]} to ${opsets.at(-1)}, received ${opset}`,
    );
  }
  if (!path.endsWith('.onnx'))
    throw new HornetError('export', `expected a path that ends in .onnx, received '${path}'`);
  const graph = await finishInTurns(graphOf(model, inputSignature, opset));
  await write(graph, path, opset, args.externalData ?? null);
  if (verbose ?? true) printLine(`Saved artifact at '${path}'.`);
}

function* graphOf(model: Model, given: InputSignature | null, opset: number): Steps<OnnxGraph> {
  const { form, inputs } = signatureOf(model, given);
  const call = model as (x: Tree<Tensor>, options: CallOptions) => Tree<Tensor>;
  const sized = yield* traceSized((values) => {
    return onDevice(model.device, () => flatten(call(unflatten(form, values), { training: false })));
  }, inputs);
  checkTypes(sized, opset);
  const scope = new Scope(new OnnxFile(sized, inputs.length, model.device));
  const { file } = scope;
  const { parameters, results } = sized.graph;
  inputs.forEach(({ name }, i) => scope.bind(parameters[i], plain(file.unique(name))));
  // The names of outputs are taken before nodes are named.
  const names = outputNames(model, results.length).map((name) => file.unique(name));
  yield* lowerNodes(sized.graph, scope);
  const made = results.map((result) => scope.plain(result));
  const nodes = nameResults(scope.nodes, made, names);
  const infoOf = (name: string, value: Value): ValueInfo => {
    const shape = sized.sizesOf(value).map((size) => (isKnown(size) ? size[0] : sized.symbolOf(size)));
    return { name, dtype: value.dtype, shape };
  };
  return prune({
    name: model.name,
    nodes,
    initializers: file.initializers,
    inputs: inputs.map(({ name }, i) => infoOf(name, parameters[i])),
    outputs: results.map((result, i) => infoOf(names[i], result)),
  });
}

/** The first set of operators whose convolutions, pools and recurrences take bfloat16. */
const FIRST_WITH_BFLOAT16 = 22;

function checkTypes(sized: SizedGraph, opset: number): void {
  const half = sized.graph.nodes.filter(({ outputs }) => outputs.some(({ dtype }) => dtype === 'bfloat16'));
  if (half.length === 0 || opset >= FIRST_WITH_BFLOAT16) return;
  // Inputs are cast outside of any layer.
  const layer = half.map((node) => sized.labelOf(node)).find(Boolean) ?? '';
  throw new HornetError(
    'export',
    `${whoIs(layer)} computes in bfloat16, which needs opsetVersion ${FIRST_WITH_BFLOAT16} or more, received ${opset}`,
  );
}

function outputNames(model: Model, count: number): readonly string[] {
  const own = model.outputNames;
  if (own.length === count) return own;
  return count === 1 ? ['output'] : Array.from({ length: count }, (_, i) => `output_${i + 1}`);
}

async function write(graph: OnnxGraph, path: string, opset: number, wish: boolean | null): Promise<void> {
  const initializers = graph.initializers ?? [];
  const bytes = initializers.reduce((sum, { data }) => sum + data.length, 0);
  const outside = (wish ?? bytes > LARGEST) ? initializers.filter(({ data }) => data.length >= PAGE) : [];
  if (bytes > LARGEST && outside.length === 0) {
    throw new HornetError(
      'export',
      `${bytes} bytes of weights do not fit into one file of at most 2 GB; leave externalData out`,
    );
  }
  const places = new Map<Initializer, External>();
  let offset = 0;
  for (const each of outside) {
    places.set(each, { location: `${basename(path)}.data`, offset });
    offset = Math.ceil((offset + each.data.length) / PAGE) * PAGE;
  }
  const message = modelMessage(graph, opset, (each) => places.get(each) ?? null);
  if (outside.length > 0) {
    const pieces = outside.flatMap(({ data }): Piece[] => [data, new Uint8Array((PAGE - (data.length % PAGE)) % PAGE)]);
    await replaceFile(`${path}.data`, 'export', (beside) => writePieces(beside, pieces));
  }
  await replaceFile(path, 'export', (beside) => writePieces(beside, message.pieces));
}

/** Small pieces are collected into blocks of so many bytes. */
const BLOCK = 1 << 16;

async function writePieces(path: string, pieces: readonly Piece[]): Promise<void> {
  const file = await open(path, 'w');
  let small: Uint8Array[] = [];
  let size = 0;
  const flush = async (): Promise<void> => {
    if (size > 0) await file.writeFile(Buffer.concat(small));
    small = [];
    size = 0;
  };
  try {
    for (const piece of pieces) {
      const bytes = piece instanceof Uint8Array ? piece : await piece.fetch();
      if (size + bytes.length > BLOCK) await flush();
      if (bytes.length > BLOCK) await file.writeFile(bytes);
      else {
        small.push(bytes);
        size += bytes.length;
      }
    }
    await flush();
  } finally {
    await file.close();
  }
}
