// A student that learns from data and from a trained teacher.
import { HornetError } from '../errors.js';
import { shapeText, type Shape } from '../layers/input-spec.js';
import type { CallArgs, Config, LayerArgs } from '../layers/layer.js';
import { getLoss, type Loss } from '../losses/index.js';
import { Mean, type Metric } from '../metrics/index.js';
import type { KerasTensor } from '../models/keras-tensor.js';
import { Model } from '../models/model.js';
import type { CompileArgs } from '../models/compiled.js';
import { add, mean, multiply, type TensorLike } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import { mapStructure } from '../structures.js';
import type { Tensor } from '../tensor.js';
import { flatten, mapTree, type Tree } from '../tree.js';
import type { DistillationLoss, DistillationLosses } from './losses.js';

/** Options of `Distiller`. */
export interface DistillerArgs extends LayerArgs {
  /** What each distillation loss counts. Default: 1 each. */
  readonly distillationLossWeights?: readonly number[] | null;
  /** What the loss of `compile` counts, from 0 to 1; the distillation counts the rest. Default 0.5. */
  readonly studentLossWeight?: number;
}

/** What a model gives, and what some of its layers do. */
interface Features {
  readonly output: Tree<Tensor>;
  readonly layers: Readonly<Record<string, Tree<Tensor>>>;
}

/**
 * A model that trains its student: on the targets, with the loss of `compile`, and to be like the teacher, whose weights
 * stay. Calls are those of the student.
 *
 * @example
 * const distiller = new Distiller(teacher, student, new LogitsDistillation({ temperature: 3 }));
 * distiller.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
 * await distiller.fit(x, y, { epochs: 10 });
 * await distiller.student.save('student.keras');
 */
export class Distiller extends Model {
  static override readonly className: string = 'Distiller';
  static override readonly requiredArgs: readonly string[] = ['teacher', 'student', 'distillationLosses'];
  readonly distillationLosses: readonly DistillationLoss[];
  readonly distillationLossWeights: readonly number[];
  readonly studentLossWeight: number;
  readonly studentLossTracker: Metric = new Mean({ name: 'student_loss' });
  readonly distillationLossTracker: Metric = new Mean({ name: 'distillation_loss' });
  readonly totalLossTracker: Metric = new Mean({ name: 'total_loss' });
  #extractors: { readonly teacher: Model | null; readonly student: Model | null };
  /** What `compile` was given, and the losses that it means. */
  #given: DistillationLosses = null;
  #losses: Tree<Loss> | null = null;

  /** @throws HornetError for models whose inputs or outputs differ, and losses or weights that do not fit. */
  constructor(
    readonly teacher: Model,
    readonly student: Model,
    distillationLosses: DistillationLoss | readonly DistillationLoss[],
    args: DistillerArgs = {},
  ) {
    const { distillationLossWeights = null, studentLossWeight = 0.5, ...rest } = args;
    super({ name: 'distiller', ...rest });
    checkModels(this.name, teacher, student);
    if (!(studentLossWeight >= 0 && studentLossWeight <= 1)) {
      throw new HornetError(this.name, `expected studentLossWeight from 0 to 1, received ${studentLossWeight}`);
    }
    this.studentLossWeight = studentLossWeight;
    const losses = [distillationLosses].flat() as readonly DistillationLoss[];
    this.distillationLosses = losses;
    this.distillationLossWeights = distillationLossWeights ?? losses.map(() => 1);
    if (this.distillationLossWeights.length !== losses.length) {
      const received = this.distillationLossWeights.length;
      throw new HornetError(this.name, `expected ${losses.length} distillationLossWeights, received ${received}`);
    }
    for (const loss of losses) loss.validateModelCompatibility(teacher, student);
    const names = (role: 'teacherLayerName' | 'studentLayerName'): string[] =>
      losses.map((loss) => loss[role]).filter((name) => name !== null);
    this.#extractors = {
      teacher: extractor(teacher, names('teacherLayerName')),
      student: extractor(student, names('studentLayerName')),
    };
    teacher.trainable = false;
  }

  /** As that of other models; `loss` is the student's, one or some in the structure of its outputs. */
  override compile(args: CompileArgs & { readonly loss?: DistillationLosses } = {}): void {
    const { loss = null, ...rest } = args;
    if (loss === null) throw new HornetError(this.name, 'expected compile() to be given the loss of the student');
    this.#given = loss;
    this.#losses = mapTree(loss as Tree<string>, getLoss);
    super.compile(rest);
  }

  override getCompileConfig(): Record<string, unknown> | null {
    const config = super.getCompileConfig();
    return config && { ...config, loss: this.#given };
  }

  override call(inputs: Tree<Tensor>, options: CallArgs): Tree<Tensor> {
    return this.student(inputs, { training: options.training });
  }

  override computeLoss(
    x: Tree<Tensor>,
    y: Tree<Tensor> | null,
    yPred: Tree<Tensor>,
    _sampleWeight: Tree<Tensor> | null,
    _training: boolean,
  ): Tensor {
    const { studentLossWeight: share } = this;
    const student: TensorLike = share > 0 && y !== null ? this.studentLoss(y, yPred) : 0;
    const distillation: TensorLike = share < 1 ? this.distillationLoss(x, yPred) : 0;
    const total = add(multiply(student, share), multiply(distillation, 1 - share));
    this.studentLossTracker.updateState(student);
    this.distillationLossTracker.updateState(distillation);
    this.totalLossTracker.updateState(total);
    return total;
  }

  private studentLoss(y: Tree<Tensor>, yPred: Tree<Tensor>): Tensor {
    const values = mapStructure((loss: Loss, a: Tensor, b: Tensor) => mean(loss(a, b)), this.#losses, y, yPred);
    return flatten(values).reduce((sum, value) => add(sum, value));
  }

  private distillationLoss(x: Tree<Tensor>, yPred: Tree<Tensor>): Tensor {
    const { teacher, student } = this.#extractors;
    const run = (model: Model, training: boolean): Features => model(x, { training }) as unknown as Features;
    const taught = teacher ? run(teacher, false) : { output: this.teacher(x, { training: false }), layers: {} };
    const learnt = student ? run(student, true) : { output: yPred, layers: {} };
    const values = this.distillationLosses.map((loss, i) => {
      const { teacherLayerName: from, studentLayerName: to } = loss;
      // As in Keras, the student's layer counts only beside one of the teacher.
      const [a, b] =
        from === null ? [taught.output, yPred] : [taught.layers[from], to === null ? learnt.output : learnt.layers[to]];
      loss.validateOutputs(a, b);
      const value = loss.computeLoss(a, b);
      if (value.rank > 0) {
        throw new HornetError(
          this.name,
          `expected a distillation loss to be a scalar, received shape [${value.shape.join(', ')}]`,
        );
      }
      return multiply(value, this.distillationLossWeights[i]);
    });
    return values.reduce((sum, value) => add(sum, value));
  }

  override getConfig(): Config {
    const { teacher, student, distillationLosses, distillationLossWeights, studentLossWeight } = this;
    const own = { teacher, student, distillationLosses, distillationLossWeights, studentLossWeight };
    return { ...super.getConfig(), ...own };
  }
}
registerSerializable('keras.distillation', Distiller);

/** A model of the same inputs that gives what layers give, beside its outputs; null for no layers. */
function extractor(model: Model, names: readonly string[]): Model | null {
  if (names.length === 0 || !model.graph) return null;
  const { inputs, outputs } = model.graph;
  const output = Array.isArray(outputs) && outputs.length === 1 ? (outputs[0] as Tree<KerasTensor>) : outputs;
  const layers = Object.fromEntries(names.map((name) => [name, model.getLayer(name).output]));
  return new Model({ inputs, outputs: { output, layers }, name: `${model.name}_multi_feature_extractor` });
}

/** Checks that inputs and outputs of functional models have the same shapes and dtypes. */
function checkModels(where: string, teacher: Model, student: Model): void {
  for (const [role, model] of Object.entries({ teacher, student })) {
    if (!(model instanceof Model)) throw new HornetError(where, `expected the ${role} to be a model`);
  }
  if (!teacher.graph || !student.graph) return;
  for (const what of ['inputs', 'outputs'] as const) {
    mapStructure(
      (a: KerasTensor, b: KerasTensor) => {
        if (fits(a.symbolicShape, b.symbolicShape) && a.dtype === b.dtype) return;
        const [of, to] = [a, b].map(({ symbolicShape, dtype }) => `${shapeText(symbolicShape)} ${dtype}`);
        throw new HornetError(where, `expected ${what} of teacher and student to be alike, received ${of} and ${to}`);
      },
      teacher.graph[what],
      student.graph[what],
    );
  }
}

const fits = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((size, i) => size === null || b[i] === null || size === b[i]);
