// Files of Keras's host, on this machine.
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { HornetError } from '../errors.js';

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
export async function hostedFile({ path, name = basename(path) }: HostedFile): Promise<string> {
  const place = join(process.env.KERAS_HOME ?? join(homedir(), '.keras'), 'models', name);
  if (existsSync(place)) return Promise.resolve(place);
  throw new HornetError('hostedFile', `${place} is missing; get it from ${HOST}/${path} and put it there`);
}
