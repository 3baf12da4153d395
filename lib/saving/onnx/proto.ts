// The messages of ONNX, as far as inference graphs need them: nodes, attributes, tensors, graphs, the model. Numbers of fields
// are those of onnx.proto.
import type { DType } from '../../dtype.js';
import { Message, type LazyPiece } from './protobuf.js';

/** TensorProto.DataType. */
export const dataTypes: Readonly<Record<DType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  bfloat16: 16,
};

/** A subgraph: the body of a loop, a branch. */
export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers?: readonly Initializer[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
}

/** Whole numbers are attributes of integers unless they are said to be floats. */
export type OnnxAttr = number | string | readonly number[] | readonly string[] | { readonly float: number } | OnnxGraph;

export interface OnnxNode {
  readonly op: string;
  readonly name: string;
  /** Empty names stand for optional inputs that are not given. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attrs: Readonly<Record<string, OnnxAttr>>;
}

/** What is known of a value: unknown sizes by their names, or nothing at all of a size. */
export interface ValueInfo {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly (number | string | null)[];
}

/** A tensor of the file. */
export interface Initializer {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: LazyPiece;
}

/** Where in another file the bytes of a tensor are. */
export interface External {
  readonly location: string;
  readonly offset: number;
}

/** The numbers of operator sets and, for each, the version of the file format that came with it. */
const irVersions: Readonly<Record<number, number>> = {
  18: 8,
  19: 9,
  20: 9,
  21: 10,
  22: 10,
  23: 11,
  24: 12,
  25: 13,
  26: 13,
};
export const opsets: readonly number[] = Object.keys(irVersions).map(Number);

/** The whole file. @param external - Where the bytes of a tensor are, unless they are in the file. */
export function modelMessage(
  graph: OnnxGraph,
  opset: number,
  external: (initializer: Initializer) => External | null,
): Message {
  return new Message()
    .int(1, irVersions[opset])
    .text(2, 'hornet')
    .message(7, graphMessage(graph, external))
    .message(8, new Message().text(1, '').int(2, opset));
}

function graphMessage(graph: OnnxGraph, external: (initializer: Initializer) => External | null = () => null): Message {
  const message = new Message();
  for (const node of graph.nodes) message.message(1, nodeMessage(node));
  message.text(2, graph.name);
  for (const each of graph.initializers ?? []) message.message(5, tensorMessage(each, external(each)));
  for (const info of graph.inputs) message.message(11, valueMessage(info));
  for (const info of graph.outputs) message.message(12, valueMessage(info));
  return message;
}

function nodeMessage({ op, name, inputs, outputs, attrs }: OnnxNode): Message {
  const message = new Message();
  for (const input of inputs) message.text(1, input);
  for (const output of outputs) message.text(2, output);
  message.text(3, name).text(4, op);
  for (const [key, value] of Object.entries(attrs)) message.message(5, attributeMessage(key, value));
  return message;
}

function attributeMessage(name: string, value: OnnxAttr): Message {
  const message = new Message().text(1, name);
  if (typeof value === 'number') return message.int(3, value).int(20, 2);
  if (typeof value === 'string') return message.text(4, value).int(20, 3);
  if ('float' in value) return message.float(2, value.float).int(20, 1);
  if ('nodes' in value) return message.message(6, graphMessage(value)).int(20, 5);
  for (const each of value) {
    if (typeof each === 'string') message.text(9, each);
    else message.int(8, each);
  }
  return message.int(20, value.length > 0 && typeof value[0] === 'string' ? 8 : 7);
}

function valueMessage({ name, dtype, shape }: ValueInfo): Message {
  const dims = new Message();
  for (const size of shape) {
    const dim = new Message();
    if (typeof size === 'number') dim.int(1, size);
    else if (size !== null) dim.text(2, size);
    dims.message(1, dim);
  }
  const tensor = new Message().int(1, dataTypes[dtype]).message(2, dims);
  return new Message().text(1, name).message(2, new Message().message(1, tensor));
}

function tensorMessage({ name, dtype, shape, data }: Initializer, external: External | null): Message {
  const message = new Message();
  for (const size of shape) message.int(1, size);
  message.int(2, dataTypes[dtype]).text(8, name);
  if (!external) return message.bytes(9, data);
  const entries = { location: external.location, offset: external.offset, length: data.length };
  for (const [key, value] of Object.entries(entries))
    message.message(13, new Message().text(1, key).text(2, String(value)));
  return message.int(14, 1);
}
