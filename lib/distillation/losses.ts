// What a student takes over from its teacher: outputs, or what single layers give.
import { HornetError } from '../errors.js';
import { getLoss, KLDivergence, type Loss, type LossLike } from '../losses/index.js';
import type { Model } from '../models/model.js';
import { add, divide, mean, multiply, softmax } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import { assertSameStructure, mapStructure } from '../structures.js';
import type { Tensor } from '../tensor.js';
import { flatten, mapTree, type Tree } from '../tree.js';

/** How far a student's outputs are from its teacher's. One of your own has `computeLoss`. */
export abstract class DistillationLoss {
  /** Layers whose outputs are compared, where they are not those of the models. */
  readonly teacherLayerName: string | null = null;
  readonly studentLayerName: string | null = null;

  /** The loss, a scalar. */
  abstract computeLoss(teacherOutputs: Tree<Tensor>, studentOutputs: Tree<Tensor>): Tensor;

  /** Throws a `HornetError` for outputs that cannot be compared: by default those of other structure. */
  validateOutputs(teacherOutputs: Tree<Tensor>, studentOutputs: Tree<Tensor>): void {
    assertSameStructure(teacherOutputs, studentOutputs);
  }

  /** Throws a `HornetError` for models that the loss is not made for. By default it is made for all. */
  validateModelCompatibility(_teacher: Model, _student: Model): void {}
}

/** One loss, or some in the structure of the outputs; null for outputs that are not compared. */
export type DistillationLosses = Tree<LossLike | null>;

/** The losses that are meant; at least one. Names stand for functions, which know of no class, as in Keras. */
function lossesOf(where: string, given: DistillationLosses): Tree<Loss | null> {
  const losses = mapTree(given, (loss): Loss | null => {
    if (loss === null) return null;
    const known = getLoss(loss);
    return typeof loss === 'string' ? getLoss((teacher, student) => known.call(teacher, student)) : known;
  });
  if (flatten(losses).every((loss) => loss === null)) {
    throw new HornetError(where, 'expected at least one loss that is not null');
  }
  return losses;
}

/** The sum of what each loss gives for its outputs. */
function sumOf(
  losses: Tree<Loss | null>,
  teacher: Tree<Tensor>,
  student: Tree<Tensor>,
  value: (loss: Loss, teacher: Tensor, student: Tensor) => Tensor,
): Tensor {
  const values = mapStructure(
    (loss: Loss | null, a: Tensor, b: Tensor) => (loss === null ? null : value(loss, a, b)),
    losses,
    teacher,
    student,
  );
  return flatten(values)
    .filter((each) => each !== null)
    .reduce((sum, each) => add(sum, each));
}

/** Options of `LogitsDistillation`. */
export interface LogitsDistillationArgs {
  /** Outputs are divided by it: the larger, the more the small ones count. Default 3. */
  readonly temperature?: number;
  /**
   * Default `klDivergence`. A `KLDivergence` object is given the softmax of both outputs, and counts as much as the square of
   * the temperature; all other losses, those of names among them, are given the outputs themselves, as in Keras.
   */
  readonly loss?: DistillationLosses;
}

/** Compares the outputs of the models, as logits. */
export class LogitsDistillation extends DistillationLoss {
  static readonly className: string = 'LogitsDistillation';
  readonly temperature: number;
  readonly loss: DistillationLosses;
  readonly #losses: Tree<Loss | null>;

  /** @throws HornetError for a temperature that is not positive, and where all losses are null. */
  constructor({ temperature = 3, loss = 'klDivergence' }: LogitsDistillationArgs = {}) {
    super();
    if (!(typeof temperature === 'number' && temperature > 0)) {
      throw new HornetError('logitsDistillation', `expected temperature to be positive, received ${temperature}`);
    }
    this.temperature = temperature;
    this.loss = loss;
    this.#losses = lossesOf('logitsDistillation', loss);
  }

  computeLoss(teacherOutputs: Tree<Tensor>, studentOutputs: Tree<Tensor>): Tensor {
    const { temperature } = this;
    return sumOf(this.#losses, teacherOutputs, studentOutputs, (loss, ...outputs) => {
      const [teacher, student] = outputs.map((logits) => divide(logits, temperature));
      if (!(loss instanceof KLDivergence)) return mean(loss(teacher, student));
      return multiply(mean(loss(softmax(teacher), softmax(student))), temperature ** 2);
    });
  }

  getConfig(): Record<string, unknown> {
    return { temperature: this.temperature, loss: this.loss };
  }
}
registerSerializable('keras.distillation', LogitsDistillation);

/** Options of `FeatureDistillation`. */
export interface FeatureDistillationArgs {
  /** Default `mse`. */
  readonly loss?: DistillationLosses;
  /** Default: the outputs of both models are compared. */
  readonly teacherLayerName?: string | null;
  readonly studentLayerName?: string | null;
}

/** Compares what a layer of the teacher and one of the student give. */
export class FeatureDistillation extends DistillationLoss {
  static readonly className: string = 'FeatureDistillation';
  readonly loss: DistillationLosses;
  readonly #losses: Tree<Loss | null>;
  override readonly teacherLayerName: string | null;
  override readonly studentLayerName: string | null;

  /** @throws HornetError where all losses are null. */
  constructor({ loss = 'mse', teacherLayerName = null, studentLayerName = null }: FeatureDistillationArgs = {}) {
    super();
    this.loss = loss;
    this.#losses = lossesOf('featureDistillation', loss);
    this.teacherLayerName = teacherLayerName;
    this.studentLayerName = studentLayerName;
  }

  override validateModelCompatibility(teacher: Model, student: Model): void {
    if (this.teacherLayerName === null && this.studentLayerName === null) return;
    for (const [role, model, name] of [
      ['teacher', teacher, this.teacherLayerName],
      ['student', student, this.studentLayerName],
    ] as const) {
      if (!model.graph) {
        throw new HornetError('featureDistillation', `expected the ${role} to be a functional or sequential model`);
      }
      if (name !== null) model.getLayer(name);
    }
  }

  override validateOutputs(teacherOutputs: Tree<Tensor>, studentOutputs: Tree<Tensor>): void {
    super.validateOutputs(teacherOutputs, studentOutputs);
    assertSameStructure(this.#losses, teacherOutputs);
  }

  computeLoss(teacherOutputs: Tree<Tensor>, studentOutputs: Tree<Tensor>): Tensor {
    return sumOf(this.#losses, teacherOutputs, studentOutputs, (loss, teacher, student) =>
      mean(loss(teacher, student)),
    );
  }

  getConfig(): Record<string, unknown> {
    const { loss, teacherLayerName, studentLayerName } = this;
    return { loss, teacherLayerName, studentLayerName };
  }
}
registerSerializable('keras.distillation', FeatureDistillation);
