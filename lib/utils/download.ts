// One file over HTTP into one file on the disk, however often the connection breaks: what has arrived stays, and the next
// attempt, also of another process, asks for the rest. Where it is kept and what it should be, get-file.ts knows.
import { createReadStream, createWriteStream } from 'node:fs';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { EnvHttpProxyAgent, interceptors, request, type Dispatcher } from 'undici';
import { canRedraw } from '../messages.js';
import { Progbar } from './progbar.js';

/** How much is put up with. */
export interface Patience {
  /** Failures in a row, without a byte more, until it is given up. Default 5. */
  readonly attempts?: number;
  /** Milliseconds until the second attempt; twice as long until each one that follows. Default 500. */
  readonly pause?: number;
  /** Milliseconds in which something must arrive. Default 30000. */
  readonly silence?: number;
}

/** What is known of a part that has arrived: kept beside it, so that the rest is asked for of the same file. */
interface Origin {
  readonly url: string;
  /** The version of the file in the server's words: a strong ETag or a date. */
  readonly version: string | null;
  /** Bytes of the whole file. */
  readonly total: number | null;
}

/** An answer that is not the file. */
class Refusal extends Error {
  constructor(
    message: string,
    readonly isPassing: boolean,
    /** Milliseconds that the server asks to wait. */
    readonly wait: number | null = null,
  ) {
    super(message);
  }
}

/** Errors of connections that the next attempt may not meet. */
const passing = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN', 'EAI_AGAIN'],
  ...['UND_ERR_SOCKET', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'],
  ...['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'UND_ERR_ABORTED', 'ERR_STREAM_PREMATURE_CLOSE'],
]);

/** A server may ask to wait; not for longer than this, in milliseconds. */
const LONGEST_WAIT = 60_000;

/** Where the origin of a part is noted. */
const noteOf = (part: string): string => `${part}.json`;

/**
 * Brings what is at a URL (`http:`, `https:` or `file:`) to `part`, going on where an earlier attempt has ended. Proxies
 * are taken from `http_proxy`, `https_proxy` and `no_proxy`.
 *
 * @returns Whether something of an earlier attempt is part of it.
 */
export async function download(url: URL, part: string, patience: Patience = {}): Promise<boolean> {
  if (url.protocol === 'file:') {
    await pipeline(createReadStream(url), createWriteStream(part));
    return false;
  }
  const { attempts = 5, pause = 500, silence = 30_000 } = patience;
  const limits = { headersTimeout: silence, bodyTimeout: silence, connect: { timeout: silence } };
  const proxies = new EnvHttpProxyAgent(limits);
  const dispatcher = proxies.compose(interceptors.redirect({ maxRedirections: 10 }));
  try {
    let furthest = await lengthOf(part);
    for (let failures = 0; ;) {
      try {
        return await attempt(url, part, dispatcher);
      } catch (error) {
        if (!isPassing(error)) throw error;
        const length = await lengthOf(part);
        failures = length > furthest ? 1 : failures + 1;
        furthest = Math.max(furthest, length);
        if (failures >= attempts) throw error;
        const wait = error instanceof Refusal ? error.wait : null;
        await sleep(wait ?? pause * 2 ** (failures - 1) * (1 + Math.random() / 4));
      }
    }
  } finally {
    await proxies.destroy();
  }
}

/** Forgets what has arrived. */
export async function discard(part: string): Promise<void> {
  await rm(part, { force: true });
  await rm(noteOf(part), { force: true });
}

async function attempt(url: URL, part: string, dispatcher: Dispatcher): Promise<boolean> {
  const origin = await readNote(url, part);
  const length = origin ? await lengthOf(part) : 0;
  const headers: Record<string, string> = { 'accept-encoding': 'identity', 'user-agent': 'hornet' };
  if (length > 0) {
    headers.range = `bytes=${length}-`;
    if (origin?.version) headers['if-range'] = origin.version;
  }
  const response = await request(url, { dispatcher, headers });
  try {
    if (response.statusCode === 416 && length > 0) {
      if (length === origin?.total) return true;
      await discard(part);
      throw new Refusal('the server has no more of the file', true);
    }
    if (response.statusCode === 206) {
      const [, start, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(text(response.headers['content-range'])) ?? [];
      const other = origin?.total != null && total !== '*' && Number(total) !== origin.total;
      if (Number(start) !== length || other) {
        await discard(part);
        throw new Refusal('the server sent another part than was asked for', true);
      }
      await receive(response.body, part, length, total === '*' ? null : Number(total));
      return true;
    }
    if (response.statusCode !== 200) throw refusal(response);
    const size = response.headers['content-length'];
    const total = size === undefined ? null : Number(size);
    await writeFile(noteOf(part), JSON.stringify({ url: url.href, version: versionOf(response), total }));
    await receive(response.body, part, 0, total);
    return false;
  } finally {
    // Nothing waits for the rest of an answer that is not read.
    response.body.on('error', () => undefined).destroy();
  }
}

/** Writes a body behind the first `start` bytes. */
async function receive(body: Readable, part: string, start: number, total: number | null): Promise<void> {
  // The bar is for somebody who looks; where nobody does, one line says what has come.
  const bar = new Progbar(total, { verbose: canRedraw() ? 1 : 2 });
  let received = start;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      received += chunk.length;
      bar.update(received, { finalize: false });
      done(null, chunk);
    },
  });
  await pipeline(body, count, createWriteStream(part, { flags: start > 0 ? 'a' : 'w' }));
  if (total !== null && received !== total) {
    throw new Refusal(`the connection ended after ${received} of ${total} bytes`, true);
  }
  bar.update(received, { finalize: true });
}

function refusal({ statusCode, headers }: Dispatcher.ResponseData): Refusal {
  const isPassing = statusCode >= 500 || [408, 425, 429].includes(statusCode);
  const seconds = Number(headers['retry-after'] ?? NaN);
  const wait = Number.isFinite(seconds) ? Math.min(seconds * 1000, LONGEST_WAIT) : null;
  return new Refusal(`the server answered with status ${statusCode}`, isPassing, wait);
}

const isPassing = (error: unknown): boolean =>
  error instanceof Refusal ? error.isPassing : passing.has((error as NodeJS.ErrnoException).code ?? '');

/** The version of the file, where the server tells one that distinguishes byte from byte. */
function versionOf({ headers }: Dispatcher.ResponseData): string | null {
  const tag = text(headers.etag);
  if (tag !== '' && !tag.startsWith('W/')) return tag;
  return text(headers['last-modified']) || null;
}

const text = (header: string | string[] | undefined): string => (Array.isArray(header) ? header[0] : (header ?? ''));

/** What is noted of a part, if it is one of this URL. */
async function readNote(url: URL, part: string): Promise<Origin | null> {
  try {
    const note = JSON.parse(await readFile(noteOf(part), 'utf8')) as Origin;
    return note.url === url.href ? note : null;
  } catch {
    return null;
  }
}

async function lengthOf(path: string): Promise<number> {
  const { size } = await stat(path).catch(() => ({ size: 0 }));
  return size;
}
