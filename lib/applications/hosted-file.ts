// Files of Keras's host, brought to this machine once.
import { getFile } from '../utils/get-file.js';

const HOST = 'https://storage.googleapis.com';

/** A file of Keras's host. */
export interface HostedFile {
  readonly path: string;
  /** The name in the cache. Default: that of the path. */
  readonly name?: string;
  /** MD5 or SHA-256, in hexadecimal; null where none is known. */
  readonly hash: string | null;
}

/** Where the file lies on this machine. */
export const hostedFile = ({ path, name, hash }: HostedFile): Promise<string> =>
  getFile({ fname: name, origin: `${HOST}/${path}`, fileHash: hash, cacheSubdir: 'models' });
