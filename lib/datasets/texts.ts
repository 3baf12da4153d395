// Texts in folders.
import { readFile } from 'node:fs/promises';
import { HornetError } from '../errors.js';
import { datasetFromDirectory, type DirectoryArgs, type DirectoryDataset, type LabelledBatch } from './directory.js';

/** Options of `textDatasetFromDirectory`. */
export interface TextDirectoryArgs extends DirectoryArgs {
  /** Texts are cut off after so many bytes. Default: they are not. */
  readonly maxLength?: number | null;
}

/** A data set of texts and labels. */
export type TextDataset = DirectoryDataset<LabelledBatch<string[]>>;

/**
 * Text files (`.txt`) in folders, one folder a class, as batches `[texts, labels]`: arrays of strings, for
 * `TextVectorization`.
 *
 * @throws HornetError for a directory that cannot be read, or holds no texts.
 */
export function textDatasetFromDirectory(
  directory: string,
  args: TextDirectoryArgs & { readonly subset: 'both' },
): Promise<[TextDataset, TextDataset]>;
export function textDatasetFromDirectory(directory: string, args?: TextDirectoryArgs): Promise<TextDataset>;
export async function textDatasetFromDirectory(
  directory: string,
  args: TextDirectoryArgs = {},
): Promise<TextDataset | TextDataset[]> {
  const where = 'textDatasetFromDirectory';
  const { maxLength = null } = args;
  if (maxLength !== null && !(Number.isInteger(maxLength) && maxLength > 0)) {
    throw new HornetError(where, `expected maxLength to be a positive integer, received ${maxLength}`);
  }
  const decode = async (path: string): Promise<string> => {
    const bytes = await readFile(path);
    return bytes.subarray(0, maxLength ?? bytes.length).toString('utf8');
  };
  const kind = {
    where,
    what: 'texts',
    extensions: ['.txt'],
    decode,
    batch: (texts: readonly string[]) => [...texts],
    single: (text: string) => [text],
  };
  return datasetFromDirectory(directory, kind, args);
}
