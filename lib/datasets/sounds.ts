// Sounds in folders.
import { readFile } from 'node:fs/promises';
import { HornetError } from '../errors.js';
import { tensor, type Tensor } from '../tensor.js';
import { datasetFromDirectory, type DirectoryArgs, type DirectoryDataset, type LabelledBatch } from './directory.js';
import { readWav, type Sound } from './wav.js';

/** Options of `audioDatasetFromDirectory`. */
export interface AudioDirectoryArgs extends DirectoryArgs {
  /** Moments of each sound: longer ones are cut off, shorter ones end in silence. Default: those of the batch's longest. */
  readonly outputSequenceLength?: number | null;
}

/** A data set of sounds and labels. */
export type AudioDataset = DirectoryDataset<LabelledBatch<Tensor>>;

/**
 * WAV files in folders, one folder a class, as batches `[sounds, labels]`: float32 [batch, moments, channels] from -1 to 1.
 *
 * @throws HornetError for a directory that cannot be read, or holds no sounds.
 */
export function audioDatasetFromDirectory(
  directory: string,
  args: AudioDirectoryArgs & { readonly subset: 'both' },
): Promise<[AudioDataset, AudioDataset]>;
export function audioDatasetFromDirectory(directory: string, args?: AudioDirectoryArgs): Promise<AudioDataset>;
export async function audioDatasetFromDirectory(
  directory: string,
  args: AudioDirectoryArgs = {},
): Promise<AudioDataset | AudioDataset[]> {
  const where = 'audioDatasetFromDirectory';
  const { outputSequenceLength: wanted = null } = args;
  if (wanted !== null && !(Number.isInteger(wanted) && wanted > 0)) {
    throw new HornetError(where, `expected outputSequenceLength to be a positive integer, received ${wanted}`);
  }
  const decode = async (path: string): Promise<Sound> => {
    try {
      return readWav(await readFile(path));
    } catch (error) {
      throw new HornetError(where, `cannot read ${path}: ${(error as Error).message}`, { cause: error });
    }
  };
  const batch = (sounds: readonly Sound[]): Tensor => {
    const { channels } = sounds[0];
    const other = sounds.find((sound) => sound.channels !== channels);
    if (other) throw new HornetError(where, `expected ${channels} channels everywhere, received ${other.channels}`);
    const length = wanted ?? Math.max(...sounds.map(({ samples }) => samples.length / channels));
    const values = new Float32Array(sounds.length * length * channels);
    sounds.forEach(({ samples }, i) => values.set(samples.subarray(0, length * channels), i * length * channels));
    return tensor(values, [sounds.length, length, channels]);
  };
  const single = ({ samples, channels }: Sound): Tensor => {
    const length = wanted ?? samples.length / channels;
    const values = new Float32Array(length * channels);
    values.set(samples.subarray(0, values.length));
    return tensor(values, [length, channels]);
  };
  const kind = { where, what: 'sounds', extensions: ['.wav'], decode, batch, single };
  return datasetFromDirectory(directory, kind, args);
}
