// What a model takes and gives, as it is called in the file.
import { floatx } from '../../config.js';
import { HornetError } from '../../errors.js';
import type { InputSpec, Shape } from '../../layers/input-spec.js';
import type { Shapes } from '../../layers/layer.js';
import { KerasTensor } from '../../models/keras-tensor.js';
import type { Model } from '../../models/model.js';
import { Tensor } from '../../tensor.js';
import { flatten, isBranch, type Tree } from '../../tree.js';
import type { TraceInput } from './traces.js';

/** Shapes and dtypes of inputs: one, or a structure of such like that of the model's inputs. */
export type InputSignature = Tree<InputSpec | Tensor>;

export interface Signature {
  /** The structure in which the model is called. */
  readonly form: Tree<unknown>;
  readonly inputs: readonly TraceInput[];
}

/** The inputs of a model, as the user says or as the model knows them. */
export function signatureOf(model: Model, given: InputSignature | null): Signature {
  if (model.takesStrings) {
    throw new HornetError(
      'export',
      `'${model.name}' takes strings, which are encoded before any graph runs; export the part of it behind`,
    );
  }
  const form = given === null ? knownForm(model) : given;
  const names = namesOf(model, form);
  const leaves = leavesOf(form);
  const inputs = leaves.map((leaf, i): TraceInput => {
    const own = (leaf as { readonly name?: string | null }).name;
    const name = leaf instanceof Tensor || !own ? names[i] : own;
    return { name, ...typeOf(leaf, names[i]) };
  });
  const twice = inputs.find(({ name }, i) => inputs.findIndex((other) => other.name === name) !== i);
  if (twice) throw new HornetError('export', `two inputs are called '${twice.name}'; name them in inputSignature`);
  return { form: placeholders(form), inputs };
}

/** A spec is a record itself, so that structures end where something has a shape. */
const isLeaf = (item: unknown): item is InputSpec | Tensor =>
  item instanceof Tensor || (item !== null && typeof item === 'object' && Array.isArray((item as InputSpec).shape));

function leavesOf(tree: Tree<unknown>): (InputSpec | Tensor)[] {
  return flatten(placeholders(tree)).map((leaf) => (leaf as Placeholder).spec);
}

class Placeholder {
  constructor(readonly spec: InputSpec | Tensor) {}
}

function placeholders(tree: unknown): Tree<unknown> {
  if (tree instanceof Placeholder) return tree;
  if (isLeaf(tree)) return new Placeholder(tree);
  if (Array.isArray(tree)) return tree.map(placeholders);
  if (isBranch(tree)) return Object.fromEntries(Object.entries(tree).map(([key, item]) => [key, placeholders(item)]));
  throw new HornetError(
    'export',
    `expected inputSignature to hold shapes as { shape, dtype }, received ${String(tree)}`,
  );
}

function knownForm(model: Model): Tree<unknown> {
  if (model.graph) return model.inputForm;
  const shapes = model.record.buildShapes?.[0];
  if (!shapes) {
    throw new HornetError(
      'export',
      `'${model.name}' does not know its inputs yet; call it on data, or give inputSignature`,
    );
  }
  return specsOf(shapes);
}

/** The shapes that a model was built for, with any number of rows. */
function specsOf(shapes: Shapes): Tree<unknown> {
  if (Array.isArray(shapes) && shapes.every((dim) => dim === null || typeof dim === 'number')) {
    return { shape: [null, ...(shapes as Shape).slice(1)] };
  }
  if (Array.isArray(shapes)) return shapes.map((each) => specsOf(each as Shapes));
  return Object.fromEntries(Object.entries(shapes as object).map(([key, each]) => [key, specsOf(each as Shapes)]));
}

/** The names of input layers; of other models the keys of a record, or numbers. */
function namesOf(model: Model, form: Tree<unknown>): readonly string[] {
  const count = leavesOf(form).length;
  const own = model.graph?.inputLayers.map(({ name }) => name) ?? [];
  if (own.length === count) return own;
  if (isBranch(form) && !Array.isArray(form) && !isLeaf(form)) return Object.keys(form).sort();
  return count === 1 ? ['input'] : Array.from({ length: count }, (_, i) => `input_${i + 1}`);
}

function typeOf(leaf: InputSpec | Tensor, name: string): Pick<TraceInput, 'shape' | 'dtype'> {
  const shape = leaf instanceof KerasTensor ? leaf.symbolicShape : leaf.shape!;
  const dtype = leaf.dtype ?? floatx();
  if (!shape.every((dim) => dim === null || (Number.isInteger(dim) && dim > 0))) {
    throw new HornetError(
      'export',
      `expected the shape of input '${name}' to hold sizes or null, received [${shape.map(String).join(', ')}]`,
    );
  }
  return { shape, dtype };
}
