// Epoch logs as a CSV file.
import { open, stat, type FileHandle } from 'node:fs/promises';
import { Callback, type Logs } from './callback.js';

export interface CSVLoggerArgs {
  /** Default `,`. */
  readonly separator?: string;
  /** Continue an existing file instead of replacing it. Default false. */
  readonly append?: boolean;
}

/** Writes one row per epoch: the epoch and every quantity, in alphabetical order; `NA` for what an epoch does not have. */
export class CSVLogger extends Callback {
  private file: FileHandle | null = null;
  private columns: string[] | null = null;
  private hasHeader = false;

  constructor(
    private readonly filename: string,
    private readonly args: CSVLoggerArgs = {},
  ) {
    super();
  }

  override async onTrainBegin(): Promise<void> {
    const { append = false } = this.args;
    this.hasHeader = append && (await stat(this.filename).catch(() => ({ size: 0 }))).size > 0;
    this.columns = null;
    this.file = await open(this.filename, append ? 'a' : 'w');
  }

  override async onEpochEnd(epoch: number, logs: Logs): Promise<void> {
    const { separator = ',' } = this.args;
    if (!this.columns) {
      const names = Object.keys(logs).sort();
      // The first epoch may be one without validation: later ones need the columns.
      const validated = names.some((name) => name.startsWith('val_'));
      this.columns = validated ? names : [...names, ...names.map((name) => `val_${name}`)];
      if (!this.hasHeader) await this.write(['epoch', ...this.columns], separator);
    }
    await this.write([epoch, ...this.columns.map((name) => logs[name] ?? 'NA')], separator);
  }

  override async onTrainEnd(): Promise<void> {
    await this.file?.close();
    this.file = null;
  }

  private async write(fields: readonly (string | number)[], separator: string): Promise<void> {
    const quoted = fields.map((field) => {
      const text = String(field);
      return [separator, '"', '\n', '\r'].some((mark) => text.includes(mark))
        ? `"${text.replaceAll('"', '""')}"`
        : text;
    });
    await this.file!.write(`${quoted.join(separator)}\n`);
  }
}
