// Files in folders as labelled samples: what the data sets of images, texts and sounds share.
import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { printLine } from '../messages.js';
import { HornetError } from '../errors.js';
import { makeSeed } from '../seed.js';
import { shuffleInPlace } from '../shuffle.js';
import { tensor, type Tensor } from '../tensor.js';
import { toCategorical } from '../utils/to-categorical.js';
import { Dataset } from './dataset.js';

/** What the names of folders or the given numbers become: `int` int32 [batch], `binary` float32 [batch, 1],
 * `categorical` float32 [batch, classes]. */
export type LabelMode = 'int' | 'binary' | 'categorical';

/** Options of all data sets from directories. */
export interface DirectoryArgs {
  /**
   * `inferred`: each folder is a class. A list: the class of each file, in the alphabetical order of their paths. null: no
   * labels. Default `inferred`.
   */
  readonly labels?: 'inferred' | readonly number[] | null;
  /** Default `int`; null for no labels. */
  readonly labelMode?: LabelMode | null;
  /** Folders that are classes, in the order of their numbers. Default: all, in alphabetical order. */
  readonly classNames?: readonly string[] | null;
  /** Samples of a batch; null gives them one by one, without a batch axis. Default 32. */
  readonly batchSize?: number | null;
  /** Whether files are mixed, anew in each pass. Default true. */
  readonly shuffle?: boolean;
  readonly seed?: number | null;
  /** The share of files, the last ones, that are kept for validation. */
  readonly validationSplit?: number | null;
  /** Which part of the split; `both` gives two data sets. */
  readonly subset?: 'training' | 'validation' | 'both' | null;
  /** Whether links to folders are followed. Default false. */
  readonly followLinks?: boolean;
  /** Whether to print how many files were found. Default true. */
  readonly verbose?: boolean;
}

/** A data set of files. */
export class DirectoryDataset<T> extends Dataset<T> {
  constructor(
    open: () => AsyncIterable<T>,
    length: number,
    /** Names of the classes in the order of their numbers; null without labels. */
    readonly classNames: readonly string[] | null,
    /** The files, in the order before any pass. */
    readonly filePaths: readonly string[],
  ) {
    super(open, length);
  }
}

/** Samples of a batch beside their labels. */
export type LabelledBatch<X> = [X] | [X, Tensor];

/** How files of a kind become batches. */
export interface FileKind<Sample, X> {
  readonly where: string;
  /** What is looked for, in messages: `images`. */
  readonly what: string;
  readonly extensions: readonly string[];
  readonly decode: (path: string) => Promise<Sample>;
  readonly batch: (samples: readonly Sample[]) => X;
  readonly single: (sample: Sample) => X;
}

interface Files {
  readonly paths: readonly string[];
  readonly labels: readonly number[] | null;
}

/** Files that are decoded ahead of who reads them, in batches. */
const AHEAD = 2;

/** The data set, or with `subset: 'both'` the two, of the files in a directory. */
export async function datasetFromDirectory<Sample, X>(
  directory: string,
  kind: FileKind<Sample, X>,
  args: DirectoryArgs,
): Promise<DirectoryDataset<LabelledBatch<X>> | DirectoryDataset<LabelledBatch<X>>[]> {
  const { where } = kind;
  const { validationSplit = null, subset = null, verbose = true, shuffle = true } = args;
  checkSplit(where, args);
  const mode = args.labels === null ? null : args.labelMode === undefined ? 'int' : args.labelMode;
  const { files, classNames } = await findFiles(directory, kind, args, mode !== null);
  if (mode === 'binary' && classNames?.length !== 2) {
    throw new HornetError(where, `expected two classes for labelMode 'binary', found ${classNames?.length ?? 0}`);
  }
  if (verbose) {
    const classes = classNames ? ` belonging to ${classNames.length} classes` : '';
    printLine(`Found ${files.paths.length} files${classes}.`);
  }
  const seed = args.seed ?? makeSeed();
  const mixed = shuffle ? inOrder(files, seed) : files;
  const held = Math.floor((validationSplit ?? 0) * files.paths.length);
  const part = (which: 'training' | 'validation' | null): DirectoryDataset<LabelledBatch<X>> => {
    const at = mixed.paths.length - held;
    const range = which === null ? [0, mixed.paths.length] : which === 'training' ? [0, at] : [at, mixed.paths.length];
    const taken = { paths: mixed.paths.slice(...range), labels: mixed.labels?.slice(...range) ?? null };
    if (taken.paths.length === 0) {
      const { what, extensions } = kind;
      const sought = which ? `${which} ${what}` : what;
      throw new HornetError(where, `found no ${sought} in ${directory}; looked for ${extensions.join(', ')}`);
    }
    if (verbose && which) printLine(`Using ${taken.paths.length} files for ${which}.`);
    const again = shuffle && !(subset === 'both' && which === 'validation') ? seed : null;
    return batches(taken, kind, args.batchSize === undefined ? 32 : args.batchSize, mode, classNames, again);
  };
  return subset === 'both' ? [part('training'), part('validation')] : part(subset);
}

function batches<Sample, X>(
  files: Files,
  kind: FileKind<Sample, X>,
  batchSize: number | null,
  mode: LabelMode | null,
  classNames: readonly string[] | null,
  seed: number | null,
): DirectoryDataset<LabelledBatch<X>> {
  if (batchSize !== null && !(Number.isInteger(batchSize) && batchSize > 0)) {
    throw new HornetError(kind.where, `expected batchSize to be a positive integer, received ${batchSize}`);
  }
  let pass = 0;
  const size = batchSize ?? 1;
  const length = Math.ceil(files.paths.length / size);
  const read = async (paths: readonly string[], labels: readonly number[] | null): Promise<LabelledBatch<X>> => {
    const samples = await Promise.all(paths.map(kind.decode));
    const x = batchSize === null ? kind.single(samples[0]) : kind.batch(samples);
    if (mode === null || labels === null) return [x];
    return [x, labelTensor(labels, mode, classNames?.length ?? 0, batchSize === null)];
  };
  const open = (): AsyncIterable<LabelledBatch<X>> => {
    const { paths, labels } = seed === null ? files : inOrder(files, seed + ++pass);
    const starts = Dataset.from(Array.from({ length }, (_, i) => i * size));
    const part = <V>(values: readonly V[], at: number): readonly V[] => values.slice(at, at + size);
    return starts.map((at) => read(part(paths, at), labels && part(labels, at))).prefetch(AHEAD);
  };
  return new DirectoryDataset(open, length, classNames, files.paths);
}

function labelTensor(labels: readonly number[], mode: LabelMode, classes: number, single: boolean): Tensor {
  if (mode === 'int') return single ? tensor(labels[0], [], 'int32') : tensor([...labels], [labels.length], 'int32');
  if (mode === 'binary') return tensor([...labels], single ? [1] : [labels.length, 1]);
  return toCategorical(single ? [labels[0]] : [...labels], classes);
}

/** The same files in a random order. */
function inOrder({ paths, labels }: Files, seed: number): Files {
  const order = paths.map((_, i) => i);
  shuffleInPlace(order, seed);
  return { paths: order.map((i) => paths[i]), labels: labels && order.map((i) => labels[i]) };
}

async function findFiles(
  directory: string,
  { where, what, extensions }: Pick<FileKind<unknown, unknown>, 'where' | 'what' | 'extensions'>,
  { labels = 'inferred', classNames = null, followLinks = false }: DirectoryArgs,
  labelled: boolean,
): Promise<{ files: Files; classNames: readonly string[] | null }> {
  const walk = async (folder: string): Promise<string[]> => {
    const entries = await list(where, folder);
    const found = await Promise.all(
      entries.map(async (entry): Promise<string[]> => {
        const path = join(folder, entry.name);
        const isLink = entry.isSymbolicLink();
        const linked = isLink ? await stat(path) : null;
        if (entry.isDirectory() || (followLinks && linked?.isDirectory())) return walk(path);
        const isFile = entry.isFile() || linked?.isFile();
        return isFile && extensions.includes(extname(entry.name).toLowerCase()) ? [path] : [];
      }),
    );
    return found.flat();
  };
  if (labels !== 'inferred' || !labelled) {
    const paths = await walk(directory);
    if (!Array.isArray(labels) || !labelled) return { files: { paths, labels: null }, classNames: null };
    if (classNames) throw new HornetError(where, "expected classNames only with labels 'inferred'");
    if (labels.length !== paths.length) {
      throw new HornetError(where, `expected a label for each of ${paths.length} ${what}, received ${labels.length}`);
    }
    const numbers = labels as readonly number[];
    const distinct = [...new Set(numbers)].sort((a, b) => a - b);
    return { files: { paths, labels: numbers }, classNames: distinct.map(String) };
  }
  const folders = (await list(where, directory))
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name);
  const names = classNames ?? folders;
  const missing = names.find((name) => !folders.includes(name));
  if (missing !== undefined) throw new HornetError(where, `there is no folder '${missing}' in ${directory}`);
  const byClass = await Promise.all(names.map((name) => walk(join(directory, name))));
  const files = { paths: byClass.flat(), labels: byClass.flatMap((paths, label) => paths.map(() => label)) };
  return { files, classNames: names };
}

async function list(where: string, folder: string) {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    throw new HornetError(where, `cannot read the directory ${folder}: ${(error as Error).message}`, { cause: error });
  }
}

function checkSplit(where: string, args: DirectoryArgs): void {
  const { validationSplit = null, subset = null, shuffle = true, seed = null, labelMode = 'int' } = args;
  const fail = (message: string): never => {
    throw new HornetError(where, message);
  };
  if (labelMode !== null && !['int', 'binary', 'categorical'].includes(labelMode)) {
    fail(`expected labelMode to be 'int', 'binary', 'categorical' or null, received '${String(labelMode)}'`);
  }
  if (validationSplit !== null && !(validationSplit > 0 && validationSplit < 1)) {
    fail(`expected validationSplit to be between 0 and 1, received ${validationSplit}`);
  }
  if ((validationSplit === null) !== (subset === null)) {
    fail('expected validationSplit and subset together, received one of them');
  }
  if (subset !== null && !['training', 'validation', 'both'].includes(subset)) {
    fail(`expected subset to be 'training', 'validation' or 'both', received '${String(subset)}'`);
  }
  // With another order the two halves would share files.
  if (validationSplit !== null && shuffle && seed === null && subset !== 'both') {
    fail('expected a seed with validationSplit and shuffle: both subsets must see the same order');
  }
}
