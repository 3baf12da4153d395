// getFile against a server on this machine: what is kept, checked, resumed, repeated, shared and unpacked.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { jest } from '@jest/globals';
import { HornetError, utils } from 'hornet';
import * as tar from 'tar';
import { ZipFile } from 'yazl';
import { download } from '../../lib/utils/download.js';

const content = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 31) % 251));
const sha256 = createHash('sha256').update(content).digest('hex');
const md5 = createHash('md5').update(content).digest('hex');

type Handler = (request: IncomingMessage, response: ServerResponse, count: number) => void;

let cacheDir: string;
let server: Server;
let origin: string;
let handler: Handler;
let requests: IncomingMessage[];

beforeEach(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), 'hornet-get-file-'));
  requests = [];
  server = createServer((request, response) => handler(request, response, requests.push(request)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}/files/data.bin?version=1`;
  jest.spyOn(process.stdout, 'write').mockReturnValue(true);
});

afterEach(async () => {
  jest.restoreAllMocks();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(cacheDir, { recursive: true });
});

const whole =
  (body: Buffer): Handler =>
  (_, response) =>
    response.setHeader('content-length', body.length).end(body);

/** A server that knows ranges. */
const ranges =
  (body: Buffer, tag: string | null, send: (response: ServerResponse, rest: Buffer, count: number) => void): Handler =>
  (request, response, count) => {
    if (tag) response.setHeader('etag', tag);
    const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? [];
    const condition = request.headers['if-range'];
    const start = from === undefined || (condition && condition !== tag) ? 0 : Number(from);
    if (start > 0 && start >= body.length) return void response.writeHead(416).end();
    if (start > 0) {
      response.statusCode = 206;
      response.setHeader('content-range', `bytes ${start}-${body.length - 1}/${body.length}`);
    }
    response.setHeader('content-length', body.length - start);
    send(response, body.subarray(start), count);
  };

/** Sends some of it and hangs up. */
const breakAfter = (response: ServerResponse, rest: Buffer, length: number): void => {
  response.write(rest.subarray(0, length), () => setTimeout(() => response.destroy(), 20));
};

const files = async (folder = 'datasets'): Promise<string[]> => (await readdir(join(cacheDir, folder))).sort();
const leave = async (name: string, body: Buffer, note?: object): Promise<void> => {
  await mkdir(join(cacheDir, 'datasets'), { recursive: true });
  await writeFile(join(cacheDir, 'datasets', name), body);
  if (note) await writeFile(join(cacheDir, 'datasets', `${name}.json`), JSON.stringify(note));
};

describe('the cache', () => {
  test('keeps the file under the name of the URL', async () => {
    handler = whole(content);
    const path = await utils.getFile({ origin, cacheDir });
    expect(path).toBe(join(cacheDir, 'datasets', 'data.bin'));
    expect(content.equals(await readFile(path))).toBe(true);
    expect(await utils.getFile({ origin, cacheDir })).toBe(path);
    expect(requests).toHaveLength(1);
    expect(await files()).toEqual(['data.bin']);
  });

  test('takes names, folders and KERAS_HOME', async () => {
    handler = whole(content);
    process.env.KERAS_HOME = cacheDir;
    try {
      expect(await utils.getFile({ fname: 'a.h5', origin, cacheSubdir: 'models' })).toBe(
        join(cacheDir, 'models', 'a.h5'),
      );
    } finally {
      delete process.env.KERAS_HOME;
    }
    const absolute = join(cacheDir, 'elsewhere');
    expect(await utils.getFile({ origin, cacheSubdir: absolute })).toBe(join(absolute, 'data.bin'));
  });

  test('is passed over on demand', async () => {
    await leave('data.bin', Buffer.from('old'));
    handler = whole(content);
    const path = await utils.getFile({ origin, cacheDir });
    expect(await readFile(path, 'utf8')).toBe('old');
    await utils.getFile({ origin, cacheDir, forceDownload: true });
    expect(content.equals(await readFile(path))).toBe(true);
  });

  test.each([
    ['sha256', { fileHash: sha256 }],
    ['md5', { fileHash: md5 }],
    ['md5 by its older name', { md5Hash: md5 }],
    ['a hash in capitals', { fileHash: sha256.toUpperCase(), hashAlgorithm: 'sha256' as const }],
  ])('replaces a file with another hash: %s', async (_, hash) => {
    await leave('data.bin', Buffer.from('damaged'));
    handler = whole(content);
    const path = await utils.getFile({ origin, cacheDir, ...hash });
    expect(content.equals(await readFile(path))).toBe(true);
    await utils.getFile({ origin, cacheDir, ...hash });
    expect(requests).toHaveLength(1);
  });

  test('takes file: URLs', async () => {
    await writeFile(join(cacheDir, 'source.bin'), content);
    const path = await utils.getFile({ origin: pathToFileURL(join(cacheDir, 'source.bin')), cacheDir, fileHash: md5 });
    expect(content.equals(await readFile(path))).toBe(true);
  });
});

describe('failures', () => {
  test('a wrong hash leaves nothing, and an older file as it is', async () => {
    handler = whole(content.subarray(1));
    const wanted = { origin, cacheDir, fileHash: sha256 };
    await expect(utils.getFile(wanted)).rejects.toThrow(`do not have the sha256 hash ${sha256}`);
    expect(await files()).toEqual([]);
    await leave('data.bin', Buffer.from('old'));
    await expect(utils.getFile(wanted)).rejects.toThrow(HornetError);
    expect(await readFile(join(cacheDir, 'datasets', 'data.bin'), 'utf8')).toBe('old');
  });

  test.each([404, 403])('status %d is final', async (status) => {
    handler = (_, response) => response.writeHead(status).end('<html>');
    await expect(utils.getFile({ origin, cacheDir })).rejects.toThrow(
      `[getFile] cannot download ${origin}: the server answered with status ${status}. ` +
        `A file that you have from elsewhere can be put at ${join(cacheDir, 'datasets', 'data.bin')}`,
    );
    expect(requests).toHaveLength(1);
    expect(await files()).toEqual([]);
  });

  test('without a network the error says what to do', async () => {
    await new Promise((resolve) => server.close(resolve));
    const part = join(cacheDir, 'part');
    await expect(download(new URL(origin), part, { attempts: 2, pause: 1 })).rejects.toThrow('ECONNREFUSED');
    server = createServer().listen(0);
  });

  test.each([
    ['no URL', { origin: 'data.bin' }, "expected origin to be a URL with http:, https: or file:, received 'data.bin'"],
    ['no name', { origin: 'http://127.0.0.1/' }, 'there is no file name in http://127.0.0.1/'],
    [
      'folders in the name',
      { origin: 'http://127.0.0.1/a', fname: '../a' },
      "without folders (use cacheSubdir), received '../a'",
    ],
    ['folders in the URL', { origin: 'http://127.0.0.1/..%2f..%2fa%2f..' }, "received '..'"],
    ['a hash that is unknown', { origin: 'http://127.0.0.1/a', hashAlgorithm: 'sha1' as 'md5' }, "received 'sha1'"],
    ['a format that is unknown', { origin: 'http://127.0.0.1/a', archiveFormat: 'rar' as 'zip' }, "received 'rar'"],
  ])('refuses %s', async (_, args, message) => {
    await expect(utils.getFile({ ...args, cacheDir })).rejects.toThrow(message);
  });
});

describe('connections', () => {
  const bring = (patience = {}): Promise<boolean> =>
    download(new URL(origin), join(cacheDir, 'part'), { pause: 1, ...patience });
  const brought = async (): Promise<boolean> => content.equals(await readFile(join(cacheDir, 'part')));

  test.each(['"a"', null])('that break are resumed (etag %s)', async (tag) => {
    handler = ranges(content, tag, (response, rest, count) =>
      count < 8 ? breakAfter(response, rest, 20_000) : response.end(rest),
    );
    await bring();
    expect(await brought()).toBe(true);
    expect(requests).toHaveLength(8);
    expect(requests[1].headers.range).toMatch(/^bytes=\d+-$/);
    expect(requests[1].headers['if-range']).toBe(tag ?? undefined);
  });

  test('are begun anew when the server knows no ranges, or the file is another by now', async () => {
    handler = (_, response, count) => {
      response.setHeader('content-length', content.length);
      if (count === 1) breakAfter(response, content, 50_000);
      else response.end(content);
    };
    await bring();
    expect(await brought()).toBe(true);

    await rm(join(cacheDir, 'part'));
    requests.length = 0;
    handler = (request, response, count) =>
      count === 1
        ? ranges(Buffer.alloc(content.length), '"old"', (res, rest) => breakAfter(res, rest, 50_000))(
            request,
            response,
            1,
          )
        : ranges(content, '"new"', (res, rest) => res.end(rest))(request, response, count);
    await bring();
    expect(await brought()).toBe(true);
  });

  test('that always break are given up, what has come is kept', async () => {
    handler = ranges(content, '"a"', (response, rest, count) => breakAfter(response, rest, count === 1 ? 30_000 : 0));
    await expect(bring({ attempts: 3 })).rejects.toThrow();
    expect(requests.length).toBeGreaterThanOrEqual(3);
    expect((await stat(join(cacheDir, 'part'))).size).toBe(30_000);
  });

  test('wait out a server that is busy', async () => {
    handler = (request, response, count) => {
      if (count > 3) whole(content)(request, response, count);
      else response.writeHead([503, 429, 500][count - 1], count === 1 ? { 'retry-after': '0' } : {}).end();
    };
    await bring();
    expect(await brought()).toBe(true);
    handler = (_, response) => response.writeHead(503).end();
    await rm(join(cacheDir, 'part'));
    await expect(bring({ attempts: 2 })).rejects.toThrow('the server answered with status 503');
  });

  test('may be slow, but not silent', async () => {
    handler = ranges(content, '"a"', (response, rest, count) => {
      const slow = async (): Promise<void> => {
        for (let at = 0; at < rest.length; at += 20_000) {
          response.write(rest.subarray(at, at + 20_000));
          await new Promise((resolve) => setTimeout(resolve, 30));
          if (count === 1 && at === 100_000) return;
        }
        response.end();
      };
      void slow();
    });
    await bring({ silence: 1000 });
    expect(await brought()).toBe(true);
    expect(requests).toHaveLength(2);
  });

  test('follow redirections, and take the bytes as they are', async () => {
    handler = (request, response) => {
      if (request.url?.startsWith('/moved')) {
        expect(request.headers['accept-encoding']).toBe('identity');
        response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': content.length }).end(content);
      } else response.writeHead(302, { location: '/moved' }).end();
    };
    await bring();
    expect(await brought()).toBe(true);
  });

  test('go through the proxy of the environment', async () => {
    // Some clients ask a proxy for a tunnel, also to http: URLs; here both ways end at this server.
    handler = whole(content);
    const asked: string[] = [];
    const { port } = server.address() as AddressInfo;
    server.on('connect', (request: IncomingMessage, socket: Socket) => {
      asked.push(request.url!);
      const end = connect(port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        socket.pipe(end).pipe(socket);
      });
      for (const side of [socket, end]) side.on('error', () => undefined);
    });
    const proxy = new URL(origin).origin;
    process.env.http_proxy = proxy;
    try {
      await download(new URL('http://hosted.invalid/a.bin'), join(cacheDir, 'part'), { attempts: 1 });
    } finally {
      delete process.env.http_proxy;
    }
    expect(await brought()).toBe(true);
    expect(asked[0] ?? requests[0].url).toContain('hosted.invalid');
  });
});

describe('processes', () => {
  test('what a killed one has left is completed', async () => {
    await leave('data.bin.part', content.subarray(0, 150_000), { url: origin, version: '"a"', total: content.length });
    handler = ranges(content, '"a"', (response, rest) => response.end(rest));
    await utils.getFile({ origin, cacheDir, fileHash: sha256 });
    expect(requests[0].headers.range).toBe('bytes=150000-');
    expect(await files()).toEqual(['data.bin']);
  });

  test('what is left whole is only renamed, what is left of another file begun anew', async () => {
    const note = { url: origin, version: null, total: content.length };
    await leave('data.bin.part', content, note);
    handler = ranges(content, null, (response, rest) => response.end(rest));
    await utils.getFile({ origin, cacheDir, fileHash: sha256 });
    expect(requests).toHaveLength(1);
    await leave('data.bin.part', Buffer.alloc(1000), note);
    const path = await utils.getFile({ origin, cacheDir, fileHash: sha256, forceDownload: true });
    expect(content.equals(await readFile(path))).toBe(true);
    expect(requests).toHaveLength(3);
  });

  test('many calls, and two processes, download once', async () => {
    handler = (_, response) => {
      response.setHeader('content-length', content.length).write(content.subarray(0, 1000));
      setTimeout(() => response.end(content.subarray(1000)), 2000);
    };
    const program = `import { getFile } from './lib/utils/get-file.ts';
      await getFile({ origin: '${origin}', cacheDir: '${cacheDir}', fileHash: '${sha256}' });`;
    const others = [0, 1].map(() =>
      spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
        env: { ...process.env, NODE_OPTIONS: '' },
        stdio: ['ignore', 'ignore', 'inherit'],
      }),
    );
    const codes = others.map((other) => once(other, 'exit'));
    await Promise.all([0, 1, 2].map(() => utils.getFile({ origin, cacheDir, fileHash: sha256 })));
    expect((await Promise.all(codes)).map(([code]) => code as number)).toEqual([0, 0]);
    expect(requests).toHaveLength(1);
    expect(await files()).toEqual(['data.bin']);
  }, 30_000);

  test('the lock of a killed one is removed', async () => {
    await leave('data.bin.lock', Buffer.from('elsewhere 1'));
    const past = new Date(Date.now() - 120_000);
    await utimes(join(cacheDir, 'datasets', 'data.bin.lock'), past, past);
    handler = whole(content);
    await utils.getFile({ origin, cacheDir });
    expect(await files()).toEqual(['data.bin']);
  });
});

describe('archives', () => {
  const pack = async (options: { readonly gzip: boolean }): Promise<Buffer> => {
    const source = join(cacheDir, 'source');
    await mkdir(join(source, 'inner', 'deep'), { recursive: true });
    await writeFile(join(source, 'inner', 'a.txt'), 'a');
    await writeFile(join(source, 'inner', 'deep', 'b.txt'), 'b');
    await symlink('../a.txt', join(source, 'inner', 'deep', 'link')).catch(() => undefined);
    return buffer(tar.create({ cwd: source, ...options }, ['inner']));
  };
  const zip = async (names: readonly string[]): Promise<Buffer> => {
    const archive = new ZipFile();
    for (const name of names) archive.addBuffer(Buffer.from('a'), name.replaceAll('..', '__'));
    archive.end();
    // The library refuses to write such names.
    const text = (await buffer(archive.outputStream)).toString('latin1');
    return Buffer.from(text.replaceAll('__', '..'), 'latin1');
  };

  test.each([
    ['gzipped tar', true],
    ['plain tar', false],
  ])('%s', async (_, gzip) => {
    handler = whole(await pack({ gzip }));
    const directory = await utils.getFile({ fname: 'all', origin, cacheDir, extract: true });
    expect(directory).toBe(join(cacheDir, 'datasets', 'all'));
    expect(await readFile(join(directory, 'inner', 'deep', 'b.txt'), 'utf8')).toBe('b');
    expect(await readFile(join(directory, 'inner', 'deep', 'link'), 'utf8')).toBe('a');
    await rm(join(directory, 'inner', 'deep', 'b.txt'));
    await utils.getFile({ fname: 'all', origin, cacheDir, untar: true });
    expect(await readFile(join(directory, 'inner', 'deep', 'b.txt'), 'utf8')).toBe('b');
    expect(await files()).toEqual(['all', 'all_archive']);
    expect(requests).toHaveLength(1);
  });

  test('zip, with the names that Keras gives', async () => {
    handler = whole(await zip(['inner/a.txt', 'b.txt']));
    const directory = await utils.getFile({ fname: 'x.y.zip', origin, cacheDir, extract: true, archiveFormat: 'zip' });
    expect(directory).toBe(join(cacheDir, 'datasets', 'x_extracted'));
    expect(await readFile(join(directory, 'inner', 'a.txt'), 'utf8')).toBe('a');
    expect(await utils.getFile({ origin, cacheDir, extract: true })).toBe(join(cacheDir, 'datasets', 'data.bin'));
    expect(await files()).toEqual(['data.bin', 'data.bin_archive', 'x.y.zip', 'x_extracted']);
  });

  test('what is no archive is not extracted', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockReturnValue();
    handler = whole(content);
    await utils.getFile({ fname: 'all', origin, cacheDir, extract: true });
    expect(warn.mock.calls[0][0]).toContain('it is not extracted');
  });

  /** A tar of one entry. */
  const entry = (path: string, type: 'File' | 'SymbolicLink' | 'Link', linkpath?: string): Buffer => {
    const header = new tar.Header({ path, type, linkpath, size: 0, mode: 0o644, mtime: new Date(0) });
    header.encode();
    return Buffer.concat([header.block!, Buffer.alloc(1024)]);
  };

  test.each([
    ['../out.txt', () => zip(['../out.txt'])],
    ['../out.txt', () => entry('../out.txt', 'File')],
    ['a/../../out.txt', () => entry('a/../../out.txt', 'File')],
    ['/tmp/out.txt', () => entry('/tmp/out.txt', 'File')],
    ['link -> /etc', () => entry('link', 'SymbolicLink', '/etc')],
    ['a/link -> ../../etc', () => entry('a/link', 'SymbolicLink', '../../etc')],
    ['link -> a/../b', () => entry('link', 'SymbolicLink', 'a/../b')],
    ['../x', () => entry('link', 'Link', '../x')],
  ])('that hold %s are refused', async (name, make) => {
    handler = whole(await make());
    const extracting = utils.getFile({ fname: 'all', origin, cacheDir, extract: true });
    await expect(extracting).rejects.toThrow(HornetError);
    await expect(extracting).rejects.toThrow(name.includes('out.txt') ? 'out.txt' : name);
    expect(await files()).toEqual(['all_archive']);
  });

  test('that are cut are refused', async () => {
    const packed = await pack({ gzip: true });
    handler = whole(packed.subarray(0, packed.length - 60));
    await expect(utils.getFile({ fname: 'all', origin, cacheDir, extract: true })).rejects.toThrow('is damaged');
    expect(await files()).toEqual(['all_archive']);
  });
});

test('a cache that cannot be written gives way to a temporary one', async () => {
  if (process.getuid?.() === 0) return;
  await chmod(cacheDir, 0o500);
  handler = whole(content);
  const fname = `${process.pid}-${Date.now()}.bin`;
  try {
    const path = await utils.getFile({ fname, origin, cacheDir });
    expect(path).toBe(join(tmpdir(), '.keras', 'datasets', fname));
    await rm(path);
  } finally {
    await chmod(cacheDir, 0o700);
  }
});
