// Where the data sets of Keras are hosted, and the hashes of their files as Keras knows them.
import { basename } from 'node:path';
import { HornetError } from '../../errors.js';
import { getFile } from '../../utils/get-file.js';

/** Where a file is, and where it is kept. */
export interface HostedFile {
  /** The folder of its URL; its name there is its name here. */
  readonly host: string;
  /** SHA-256 or MD5 in hexadecimal digits; null where Keras knows none. */
  readonly hash: string | null;
  /** Folder within the cache. Default `datasets`. */
  readonly folder?: string;
  /** The directory that an archive is unpacked into. */
  readonly directory?: string;
}

const keras = 'https://storage.googleapis.com/tensorflow/tf-keras-datasets';
const toronto = 'https://www.cs.toronto.edu/~kriz';
const fashion: HostedFile = { host: keras, hash: null, folder: 'datasets/fashion-mnist' };

/** By their names at their hosts. */
export const hostedFiles = {
  'mnist.npz': { host: keras, hash: '731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1' },
  'train-labels-idx1-ubyte.gz': fashion,
  'train-images-idx3-ubyte.gz': fashion,
  't10k-labels-idx1-ubyte.gz': fashion,
  't10k-images-idx3-ubyte.gz': fashion,
  'cifar-10-python.tar.gz': {
    host: toronto,
    hash: '6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce',
    directory: 'cifar-10-batches-py-target',
  },
  'cifar-100-python.tar.gz': {
    host: toronto,
    hash: '85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7',
    directory: 'cifar-100-python-target',
  },
  'imdb.npz': { host: keras, hash: '69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f' },
  'imdb_word_index.json': { host: keras, hash: 'bfafd718b763782e994055a2d397834f' },
  'reuters.npz': { host: keras, hash: 'd6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916' },
  'reuters_word_index.json': { host: keras, hash: '4d44cc38712099c9e383dc6e5f11a921' },
  'boston_housing.npz': { host: keras, hash: 'f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5' },
  'california_housing.npz': { host: keras, hash: '1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f' },
} satisfies Record<string, HostedFile>;

/**
 * Where a file, or the directory of an archive, is on this machine; downloaded if it is not there.
 *
 * @param where - Who asks, for errors.
 * @param name - Its name at its host.
 * @param path - Its name in the cache. Default: the same.
 */
export function hostedFile(where: string, name: keyof typeof hostedFiles, path?: string): Promise<string> {
  if (path !== undefined && (path === '' || basename(path) !== path)) {
    const hint = 'KERAS_HOME says where the files are';
    throw new HornetError(
      where,
      `expected path to be the name of a file without folders (${hint}), received '${path}'`,
    );
  }
  const { host, hash, folder, directory }: HostedFile = hostedFiles[name];
  return getFile({
    fname: directory ?? path ?? name,
    origin: `${host}/${name}`,
    fileHash: hash,
    cacheSubdir: folder,
    extract: directory !== undefined,
  });
}
