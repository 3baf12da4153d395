// What all networks share: their options and the checks of them, the input, the weights. A network itself is a `Design`.
import { existsSync } from 'node:fs';
import { getActivation, type ActivationLike } from '../activations/index.js';
import { imageDataFormat } from '../config.js';
import { HornetError } from '../errors.js';
import type { Shape } from '../layers/input-spec.js';
import { input } from '../layers/input.js';
import { KerasTensor } from '../models/keras-tensor.js';
import { Model } from '../models/model.js';
import type { TensorLike } from '../ops/convert.js';
import { functionName } from '../saving/registry.js';
import { describe, type Tensor } from '../tensor.js';
import { hostedFile, type HostedFile } from './hosted-file.js';
import {
  decodePredictions,
  preprocessInput,
  type DecodeArgs,
  type Prediction,
  type PreprocessArgs,
  type PreprocessMode,
} from './imagenet.js';

/** Options of every network. */
export interface ApplicationArgs {
  /** Whether the classifier is part of the model. Default true. */
  readonly includeTop?: boolean;
  /** `imagenet` (default): pretrained, downloaded once; the path of a file; null: random. */
  readonly weights?: 'imagenet' | (string & {}) | null;
  /** A symbolic tensor that takes the place of the input. */
  readonly inputTensor?: Tensor | null;
  /** Shape of one image, null for unknown sizes. Default: the published one, any size without the classifier. */
  readonly inputShape?: Shape | null;
  /** Without the classifier: how features are pooled over the image. Default: not at all. */
  readonly pooling?: 'avg' | 'max' | null;
  /** Number of classes. Default 1000. */
  readonly classes?: number;
  /** Activation of the classifier; null: logits. Default `softmax`. */
  readonly classifierActivation?: ActivationLike | null;
  /** Name of the model. */
  readonly name?: string | null;
}

/** The options that have a default of their own. */
type Common = {
  readonly [K in keyof Omit<ApplicationArgs, 'inputShape' | 'name'>]-?: Exclude<ApplicationArgs[K], undefined>;
};

/** The options with their defaults: what a design builds from. */
export interface Site extends Common {
  readonly inputShape: Shape;
  /** Height and width of the input, null where unknown. */
  readonly size: Shape;
  /** The name of the model. */
  readonly name: string;
}

/** Which images a network takes. */
interface Frame {
  /** The function that users call. */
  readonly where: string;
  /** Height and width of the published network. */
  readonly defaultSize: number;
  /** Further sizes for which weights are hosted. */
  readonly otherSizes?: readonly number[];
  readonly minSize: number;
  readonly channelsLastOnly?: boolean;
  /** When images have the published size unless the user says otherwise: with the classifier (default), which needs it. */
  readonly sized?: 'withTop' | 'always' | 'never';
}

/** A network. `A`: the options that only this network has. */
export interface Design<A extends object = object> extends Frame {
  readonly name: string | ((site: Omit<Site, 'name'> & Required<A>) => string);
  /** What `preprocessInput` does; none: the model itself does it. */
  readonly preprocess?: PreprocessMode;
  readonly defaults: Required<A>;
  /** Throws where weights are hosted for other options only. */
  readonly checkHosted?: (site: Site & Required<A>) => void;
  readonly hosted: (site: Site & Required<A>) => HostedFile;
  /** From the input to the output. */
  readonly build: (x: Tensor, site: Site & Required<A>) => Tensor;
}

/** A network, as users call it; what it expects of images and says of classes are its properties. */
export interface Application<A extends object = object> {
  (args: ApplicationArgs & A & { readonly weights: null }): Model;
  (args?: ApplicationArgs & A & { readonly weights?: string }): Promise<Model>;
  (args: ApplicationArgs & A): Model | Promise<Model>;
  /** The same model, with random weights whatever `weights` says. */
  readonly architecture: (args?: ApplicationArgs & A) => Model;
  /** Prepares images with values of 0 to 255. */
  readonly preprocessInput: (x: TensorLike, args?: PreprocessArgs) => TensorLike;
  /** The best guesses for every image, best first. */
  readonly decodePredictions: (predictions: TensorLike, args?: DecodeArgs) => Promise<Prediction[][]>;
}

/** Makes the function of a design. */
export function application<A extends object = object>(design: Design<A>): Application<A> {
  const architecture = (args: ApplicationArgs & A): [Model, Site & Required<A>] => {
    const site = settle(design, args);
    const x = inputFor(design, site);
    const outputs = design.build(x, site);
    return [new Model({ inputs: site.inputTensor ? sourcesOf(x) : x, outputs, name: site.name }), site];
  };
  const call = (args = {} as ApplicationArgs & A): Model | Promise<Model> => {
    const [model, site] = architecture(args);
    return site.weights === null ? model : loaded(model, site.weights, () => design.hosted(site));
  };
  const { preprocess: mode } = design;
  return Object.assign(call as Application<A>, {
    architecture: (args = {} as ApplicationArgs & A) => architecture(args)[0],
    preprocessInput: (x: TensorLike, args?: PreprocessArgs) => (mode ? preprocessInput(x, { ...args, mode }) : x),
    decodePredictions,
  });
}

async function loaded(model: Model, weights: string, hosted: () => HostedFile): Promise<Model> {
  await model.loadWeights(weights === 'imagenet' ? await hostedFile(hosted()) : weights);
  return model;
}

/** The options with their defaults, checked. */
function settle<A extends object>(design: Design<A>, args: ApplicationArgs & A): Site & Required<A> {
  const { where } = design;
  const { inputShape: given = null, name: givenName, ...own } = args;
  const common: Common & Required<A> = {
    includeTop: true,
    weights: 'imagenet',
    inputTensor: null,
    pooling: null,
    classes: 1000,
    classifierActivation: 'softmax',
    ...design.defaults,
    ...(Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined)) as Partial<Common>),
  };
  const { weights, includeTop, classes, pooling, classifierActivation }: Common = common;
  if (design.channelsLastOnly && imageDataFormat() === 'channels_first') {
    throw new HornetError(where, "only images of format 'channels_last' are supported");
  }
  if (weights !== null && weights !== 'imagenet' && !(typeof weights === 'string' && existsSync(weights))) {
    throw new HornetError(where, `expected weights to be null, 'imagenet' or a file, received '${String(weights)}'`);
  }
  if (weights === 'imagenet' && includeTop && classes !== 1000) {
    throw new HornetError(where, `the weights of ImageNet with includeTop have 1000 classes, received ${classes}`);
  }
  if (!Number.isInteger(classes) || classes <= 0) {
    throw new HornetError(where, `expected classes to be a positive integer, received ${String(classes)}`);
  }
  if (pooling !== null && pooling !== 'avg' && pooling !== 'max') {
    throw new HornetError(where, `expected pooling to be 'avg', 'max' or null, received '${String(pooling)}'`);
  }
  if (includeTop && weights !== null && !['softmax', 'linear'].includes(activationName(classifierActivation))) {
    const received = activationName(classifierActivation);
    throw new HornetError(where, `pretrained classifiers end in softmax or null (logits), received '${received}'`);
  }
  const inputShape = shapeFor(design, given, common);
  const size = imageDataFormat() === 'channels_last' ? inputShape.slice(0, 2) : inputShape.slice(1);
  const unnamed = { ...common, inputShape, size };
  const name = givenName ?? (typeof design.name === 'string' ? design.name : design.name(unnamed));
  const site = { ...unnamed, name };
  if (weights === 'imagenet') design.checkHosted?.(site);
  return site;
}

function activationName(activation: ActivationLike | null): string {
  const fn = getActivation(activation);
  return functionName(fn) ?? fn.name;
}

const text = (shape: Shape): string => `[${shape.map(String).join(', ')}]`;

/** The shape of an image: the user's, checked, or the network's. */
function shapeFor(design: Frame, shape: Shape | null, { weights, includeTop, inputTensor }: Common): Shape {
  const { where, minSize } = design;
  const last = imageDataFormat() === 'channels_last';
  const withChannels = (size: number | null, channels: number | null): Shape =>
    last ? [size, size, channels] : [channels, size, size];
  const { sized = 'withTop' } = design;
  const needsSize = includeTop && sized !== 'never';
  if (shape === null) {
    if (inputTensor instanceof KerasTensor) return inputTensor.symbolicShape.slice(1);
    return withChannels(needsSize || sized === 'always' ? design.defaultSize : null, 3);
  }
  if (shape.length !== 3)
    throw new HornetError(where, `expected inputShape to have three sizes, received ${text(shape)}`);
  const channels = shape.at(last ? -1 : 0)!;
  const size = last ? shape.slice(0, 2) : shape.slice(1);
  if (weights === 'imagenet' && channels !== 3) {
    throw new HornetError(
      where,
      `the weights of ImageNet are for images of 3 channels, received inputShape ${text(shape)}`,
    );
  }
  if (weights === 'imagenet' && needsSize) {
    const sizes = [design.defaultSize, ...(design.otherSizes ?? [])];
    if (size[0] !== size[1] || !sizes.includes(size[0]!)) {
      const wanted = text(withChannels(design.defaultSize, 3));
      throw new HornetError(
        where,
        `expected inputShape to be ${wanted} with the weights of ImageNet and includeTop, received ${text(shape)}`,
      );
    }
  }
  if (size.some((each) => each !== null && each < minSize)) {
    const least = `${minSize} × ${minSize}`;
    throw new HornetError(where, `expected images of at least ${least}, received inputShape ${text(shape)}`);
  }
  if (needsSize && shape.includes(null)) {
    throw new HornetError(where, `includeTop needs an inputShape without null, received ${text(shape)}`);
  }
  return shape;
}

function inputFor({ where }: Frame, { inputTensor, inputShape }: Site): KerasTensor {
  if (inputTensor === null) return input({ shape: inputShape });
  if (inputTensor instanceof KerasTensor) return inputTensor;
  throw new HornetError(
    where,
    `expected inputTensor to be symbolic, as input() gives it, received ${describe(inputTensor)}`,
  );
}

/** The inputs that a symbolic tensor depends on. */
function sourcesOf(tensor: KerasTensor): KerasTensor | KerasTensor[] {
  const seen = new Set<KerasTensor>();
  const sources: KerasTensor[] = [];
  const visit = (each: KerasTensor): void => {
    if (seen.has(each)) return;
    seen.add(each);
    const before = each.history?.node.inputs ?? [];
    if (before.length === 0) sources.push(each);
    before.forEach(visit);
  };
  visit(tensor);
  return sources.length === 1 ? sources[0] : sources;
}
