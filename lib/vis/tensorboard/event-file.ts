// TensorBoard's event files: records of length, check sum, an event, check sum. One file per writer, only appended to.
import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { crc32c } from '../crc.js';
import { summaryEvent, versionEvent, type Summary } from './summary.js';

let files = 0;

const now = (): number => Date.now() / 1000;

/** The check sum of a record, rotated and moved, so that the sum of a sum is another. */
function maskedSum(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

/** One record of a file. */
export function record(data: Uint8Array): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(data.length));
  return Buffer.concat([length, u32(maskedSum(length)), data, u32(maskedSum(data))]);
}

/** Writes events into a file of its own below a folder, which is made with the first event. */
export class EventWriter {
  private file: Promise<FileHandle> | null = null;

  constructor(private readonly folder: string) {}

  /** Adds things to show at a step. */
  async write(step: number, ...summaries: readonly Summary[]): Promise<void> {
    if (summaries.length === 0) return;
    this.file ??= this.create();
    await (await this.file).appendFile(record(summaryEvent(now(), step, ...summaries)));
  }

  async close(): Promise<void> {
    const file = await this.file;
    this.file = null;
    await file?.close();
  }

  private async create(): Promise<FileHandle> {
    await mkdir(this.folder, { recursive: true });
    const name = `events.out.tfevents.${Math.floor(now())}.${hostname()}.${process.pid}.${files++}.v2`;
    const file = await open(join(this.folder, name), 'a');
    await file.appendFile(record(versionEvent(now())));
    return file;
  }
}
