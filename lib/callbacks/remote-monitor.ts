// Epoch logs sent to a server.
import { Callback, type Logs } from './callback.js';

export interface RemoteMonitorArgs {
  /** Where the server is. Default `http://localhost:9000`. */
  readonly root?: string;
  /** Appended to `root`. Default `/publish/epoch/end/`. */
  readonly path?: string;
  /** The field of the form that holds the JSON. Default `data`. */
  readonly field?: string;
  readonly headers?: Readonly<Record<string, string>> | null;
  /** Send JSON instead of a form. Default false. */
  readonly sendAsJson?: boolean;
}

/** Posts the epoch's number and all quantities at the end of each epoch. A server that does not answer costs a warning. */
export class RemoteMonitor extends Callback {
  constructor(private readonly args: RemoteMonitorArgs = {}) {
    super();
  }

  override async onEpochEnd(epoch: number, logs: Logs): Promise<void> {
    const { root = 'http://localhost:9000', path = '/publish/epoch/end/', field = 'data' } = this.args;
    const { headers = null, sendAsJson = false } = this.args;
    const json = JSON.stringify({ epoch, ...logs });
    const type: Record<string, string> = sendAsJson ? { 'content-type': 'application/json' } : {};
    const body = sendAsJson ? json : new URLSearchParams({ [field]: json });
    try {
      await fetch(`${root}${path}`, { method: 'POST', body, headers: { ...type, ...headers } });
    } catch (error) {
      process.emitWarning(`[remoteMonitor] ${root} does not answer: ${(error as Error).message}`);
    }
  }
}
