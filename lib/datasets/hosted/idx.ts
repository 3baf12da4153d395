// Reads IDX files of bytes, gzipped: the form that MNIST came in (LeCun, Cortes and Burges, "The MNIST database").
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { HornetError } from '../../errors.js';
import { sizeOf } from '../../graph/ir.js';
import { fromBytes, type DeviceTensor } from '../../tensor.js';

/** No file unpacks to more bytes. */
const LARGEST = 2 ** 29;
const UINT8 = 8;

/**
 * The array of an `.gz` file as uint8.
 *
 * @param rank - How many dimensions it must have.
 * @throws HornetError when the file is missing or damaged.
 */
export async function readIdx(where: string, path: string, rank: number): Promise<DeviceTensor> {
  const bytes = await unpack(where, path);
  const start = 4 + 4 * rank;
  if (bytes.length < start || bytes.readUInt32BE(0) !== UINT8 * 256 + rank) {
    throw new HornetError(where, `${path} is damaged: it is no IDX file of ${rank} dimensions of bytes`);
  }
  const shape = Array.from({ length: rank }, (_, axis) => bytes.readUInt32BE(4 + 4 * axis));
  const body = bytes.subarray(start);
  if (sizeOf(shape) !== body.length) {
    throw new HornetError(
      where,
      `${path} is damaged: it holds ${body.length} bytes, its shape is [${shape.join(', ')}]`,
    );
  }
  return fromBytes(body, shape, 'uint8');
}

async function unpack(where: string, path: string): Promise<Buffer> {
  try {
    return await promisify(gunzip)(await readFile(path), { maxOutputLength: LARGEST });
  } catch (error) {
    const hint = 'Once removed it is downloaded anew';
    throw new HornetError(where, `${path} is damaged: ${(error as Error).message}. ${hint}`, { cause: error });
  }
}
