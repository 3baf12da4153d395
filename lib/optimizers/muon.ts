// Muon: momentum whose matrices are made orthogonal before they are applied; AdamW for everything that is no matrix.
// Sources: Jordan 2024; Liu et al. 2025 (the scale of the step).
import { HornetError } from '../errors.js';
import { add, cast, divide, matmul, multiply, sqrt, square, subtract, sum, transpose } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import { adamStep } from './adam.js';
import { Optimizer, type OptimizerArgs } from './optimizer.js';

export interface MuonArgs extends OptimizerArgs {
  /** Default 0.001. */
  readonly learningRate?: OptimizerArgs['learningRate'];
  /** Weight decay of matrices that take Muon's step. Default 0.004. */
  readonly weightDecay?: number | null;
  /** Decay of the gradient's mean in Adam's step. Default 0.9. */
  readonly adamBeta1?: number;
  /** Decay of its square's mean in Adam's step. Default 0.999. */
  readonly adamBeta2?: number;
  /** Weight decay of what takes Adam's step. Default 0.004. */
  readonly adamWeightDecay?: number | null;
  /** Added to the root in the denominator of Adam's step. Default 1e-7. */
  readonly epsilon?: number;
  /** Patterns (regular expressions): variables whose path matches one take Adam's step, e.g. the last layer's. */
  readonly excludeLayers?: readonly string[] | null;
  /** Whether variables with `embedding` in their path take Adam's step. Default true. */
  readonly excludeEmbeddings?: boolean;
  /** Factor of the matrix in one iteration towards orthogonality. Default 3.4445. */
  readonly muonA?: number;
  /** Factor of its third power. Default -4.775. */
  readonly muonB?: number;
  /** Factor of its fifth power. Default 2.0315. */
  readonly muonC?: number;
  /** Learning rate of Adam's step over that of Muon's. Default 1. */
  readonly adamLrRatio?: number;
  /** Decay of the momentum of matrices. Default 0.95. */
  readonly momentum?: number;
  /** Iterations towards orthogonality. Default 5. */
  readonly nsSteps?: number;
  /** Look ahead along the momentum. Default true. */
  readonly nesterov?: boolean;
  /** Scales the step with the size of the matrix, so that learning rates of Adam fit; null leaves it. Default 0.2. */
  readonly rmsRate?: number | null;
}

/** Orthogonalized momentum for the matrices of hidden layers, AdamW for embeddings, vectors and excluded layers. */
export class Muon extends Optimizer {
  static readonly className = 'Muon';
  readonly adamBeta1: number;
  readonly adamBeta2: number;
  readonly adamWeightDecay: number | null;
  readonly epsilon: number;
  readonly excludeLayers: readonly string[];
  readonly excludeEmbeddings: boolean;
  readonly muonA: number;
  readonly muonB: number;
  readonly muonC: number;
  readonly adamLrRatio: number;
  readonly momentum: number;
  readonly nsSteps: number;
  readonly nesterov: boolean;
  readonly rmsRate: number | null;
  private readonly excludedPaths: readonly RegExp[];
  private momenta: Variable[] = [];
  private squares: Variable[] = [];

  constructor(args: MuonArgs = {}) {
    super({ ...args, weightDecay: args.weightDecay === undefined ? 0.004 : args.weightDecay }, 0.001);
    this.adamBeta1 = args.adamBeta1 ?? 0.9;
    this.adamBeta2 = args.adamBeta2 ?? 0.999;
    this.adamWeightDecay = args.adamWeightDecay === undefined ? 0.004 : args.adamWeightDecay;
    this.epsilon = args.epsilon ?? 1e-7;
    this.excludeLayers = args.excludeLayers ?? [];
    this.excludeEmbeddings = args.excludeEmbeddings ?? true;
    this.muonA = args.muonA ?? 3.4445;
    this.muonB = args.muonB ?? -4.775;
    this.muonC = args.muonC ?? 2.0315;
    this.adamLrRatio = args.adamLrRatio ?? 1;
    this.momentum = args.momentum ?? 0.95;
    this.nsSteps = args.nsSteps ?? 5;
    this.nesterov = args.nesterov ?? true;
    this.rmsRate = args.rmsRate === undefined ? 0.2 : args.rmsRate;
    if (!(Number.isInteger(this.nsSteps) && this.nsSteps >= 0)) {
      throw new HornetError(this.name, `expected nsSteps to be a non-negative integer, received ${this.nsSteps}`);
    }
    this.excludedPaths = this.excludeLayers.map((pattern) => new RegExp(pattern));
  }

  /** Whether a variable takes Adam's step. */
  private takesAdam({ shape, path }: Variable): boolean {
    if (shape.length !== 2 || (this.excludeEmbeddings && path.toLowerCase().includes('embedding'))) return true;
    return this.excludedPaths.some((pattern) => pattern.test(path));
  }

  protected override buildSlots(variables: readonly Variable[]): void {
    variables.forEach((variable, i) => {
      if (variable.overwriteWithGradient) return;
      this.momenta[i] = this.addSlot(variable, 'momentum');
      if (this.takesAdam(variable)) this.squares[i] = this.addSlot(variable, 'velocity');
    });
  }

  protected override decayOf(variable: Variable): number | null {
    return this.takesAdam(variable) ? this.adamWeightDecay : this.weightDecay;
  }

  protected updateStep(gradient: Tensor, variable: Variable, rate: Tensor): void {
    const index = this.indexOf(variable);
    const momentum = this.momenta[index];
    if (this.takesAdam(variable)) {
      const { adamBeta1: beta1, adamBeta2: beta2, epsilon } = this;
      const step = cast(add(this.iterations, 1), variable.dtype);
      const slots = { mean: momentum, second: this.squares[index] };
      return adamStep(variable, gradient, multiply(rate, this.adamLrRatio), step, slots, { beta1, beta2, epsilon });
    }
    momentum.assign(add(momentum, add(gradient, multiply(momentum, this.momentum - 1))));
    const direction = this.nesterov ? add(gradient, multiply(this.momentum, momentum)) : momentum.value;
    const update = multiply(rate, this.orthogonal(direction));
    const scale = this.rmsRate === null ? 1 : Math.sqrt(Math.max(...variable.shape)) * this.rmsRate;
    variable.assign(subtract(variable, multiply(update, scale)));
  }

  /** A matrix with the singular vectors of `x` and singular values near one, by Newton and Schulz's iteration. */
  private orthogonal(x: Tensor): Tensor {
    const tall = x.shape[0] > x.shape[1];
    const wide = tall ? transpose(x) : x;
    let near = divide(wide, add(sqrt(sum(square(wide))), 1e-7));
    for (let i = 0; i < this.nsSteps; i++) {
      const gram = matmul(near, transpose(near));
      const mixed = add(multiply(this.muonB, gram), matmul(multiply(this.muonC, gram), gram));
      near = add(multiply(this.muonA, near), matmul(mixed, near));
    }
    return tall ? transpose(near) : near;
  }

  override getConfig(): Record<string, unknown> {
    const { adamBeta1, adamBeta2, epsilon, excludeLayers, excludeEmbeddings, adamWeightDecay, adamLrRatio } = this;
    const { muonA, muonB, muonC, momentum, nsSteps, nesterov, rmsRate } = this;
    const adam = { adamBeta1, adamBeta2, epsilon, excludeLayers, excludeEmbeddings, adamWeightDecay, adamLrRatio };
    return { ...super.getConfig(), ...adam, muonA, muonB, muonC, momentum, nsSteps, nesterov, rmsRate };
  }
}
registerSerializable('keras.optimizers', Muon);

/** Makes a `Muon` optimizer. */
export const muon = (args?: MuonArgs): Muon => new Muon(args);
