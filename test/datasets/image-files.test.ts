// Single images against what keras.utils makes of the same ones (scripts/goldens/images.py); BMP files, also damaged ones.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { imageDatasetFromDirectory, loadImg, saveImg, tensor, utils, type ColorMode } from 'hornet';
import { toCamel } from '../../lib/saving/config-case.js';

interface Golden {
  bmps: Record<string, { file: string } & Record<ColorMode, number[]>>;
  png: string;
  resized: { options: Record<string, unknown>; pixels: number[] }[];
  arrays: { shape: number[]; x: number[]; options: Record<string, unknown>; dtype: string; img: number[] }[];
  smart: { shape: number[]; x: number[]; size: number[]; options: Record<string, unknown>; y: number[] }[];
}

const golden = JSON.parse(await readFile(new URL('../golden/images.json', import.meta.url), 'utf8')) as Golden;
const camel = (options: Record<string, unknown>): object =>
  Object.fromEntries(Object.entries(options).map(([key, value]) => [toCamel(key), value]));
const furthest = (a: ArrayLike<number>, b: readonly number[]): number =>
  Math.max(...b.map((value, i) => Math.abs(value - a[i])));

let folder = '';
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'hornet-images-'))));
afterAll(() => rm(folder, { recursive: true }));

describe('BMP files', () => {
  test.each(Object.entries(golden.bmps))('%s', async (name, { file, ...modes }) => {
    const path = join(folder, `${name}.bmp`);
    await writeFile(path, Buffer.from(file, 'base64'));
    for (const [colorMode, pixels] of Object.entries(modes)) {
      const image = await loadImg(path, { colorMode: colorMode as ColorMode });
      expect(image.dtype).toBe('uint8');
      expect(furthest((await image.data()) as Uint8Array, pixels)).toBe(0);
    }
  });

  test('are images of a folder', async () => {
    const classes = join(folder, 'classes');
    await mkdir(join(classes, 'a'), { recursive: true });
    await writeFile(join(classes, 'a', 'x.BMP'), Buffer.from(golden.bmps['24 bits'].file, 'base64'));
    const [[x]] = await (await imageDatasetFromDirectory(classes, { imageSize: [4, 3], verbose: false })).toArray();
    expect(Array.from(await x.data(), Number)).toEqual(golden.bmps['24 bits'].rgb);
  });

  test('that are damaged are an error', async () => {
    const path = join(folder, 'damaged.bmp');
    const attempt = async (change: (bytes: Buffer) => Buffer | void, name = '8 bits'): Promise<string> => {
      const bytes = Buffer.from(golden.bmps[name].file, 'base64');
      await writeFile(path, change(bytes) ?? bytes);
      return loadImg(path).then(
        () => 'fine',
        (error: Error) => error.message,
      );
    };
    expect(await attempt((bytes) => bytes.subarray(0, 20))).toMatch(/cannot decode .*the file ends in its header/);
    expect(await attempt((bytes) => bytes.subarray(0, -1))).toMatch('more than the file has');
    expect(await attempt((bytes) => void bytes.writeInt32LE(0x7fffffff, 18))).toMatch('an image of 2147483647');
    expect(await attempt((bytes) => void bytes.writeInt32LE(-0x80000000, 22))).toMatch('an image of');
    expect(await attempt((bytes) => void bytes.writeUInt32LE(0xffffffff, 10))).toMatch('more than the file has');
    expect(await attempt((bytes) => void bytes.writeUInt16LE(7, 28))).toMatch('7 bits a pixel');
    expect(await attempt((bytes) => void bytes.writeUInt32LE(1, 30))).toMatch('compression 1');
    expect(await attempt((bytes) => void bytes.writeUInt32LE(1, 46))).toMatch(/color \d+ of 1/);
    expect(await attempt((bytes) => void bytes.writeUInt32LE(0xa800, 54), '16 bits with masks')).toMatch('has a gap');
    let seed = 1;
    const random = (limit: number): number => (seed = (seed * 48271) % 0x7fffffff) % limit;
    for (const name of Object.keys(golden.bmps)) {
      for (let i = 0; i < 10; i++) {
        const result = await attempt((bytes) => void (bytes[random(60)] = random(256)), name);
        expect(result).toMatch(/^fine$|cannot decode/);
      }
    }
  });
});

test('images are resized as Pillow does', async () => {
  const path = join(folder, 'image.png');
  await writeFile(path, Buffer.from(golden.png, 'base64'));
  for (const { options, pixels } of golden.resized) {
    const image = await loadImg(path, camel(options));
    expect({ options, off: furthest((await image.data()) as Uint8Array, pixels) }).toEqual({ options, off: 0 });
  }
  await expect(loadImg(path, { interpolation: 'area' as 'box' })).rejects.toThrow(
    'interpolation to be one of nearest,',
  );
});

test('arrays become images, and images arrays', async () => {
  for (const { shape, x, options, dtype, img } of golden.arrays) {
    const image = await utils.arrayToImg(tensor(Float32Array.from(x), shape), camel(options));
    expect(image.dtype).toBe(dtype);
    expect(furthest((await image.data()) as Uint8Array, img)).toBe(0);
  }
  const image = tensor(Uint8Array.of(1, 2, 3, 4, 5, 6), [1, 2, 3]);
  expect(utils.imgToArray(image).dtype).toBe('float32');
  expect(await utils.imgToArray(image, { dataFormat: 'channels_first' }).array()).toEqual([
    [[1, 4]],
    [[2, 5]],
    [[3, 6]],
  ]);
  expect(utils.imgToArray([[1, 2]], { dtype: 'int32' })).toMatchObject({ shape: [1, 2, 1], dtype: 'int32' });
  expect(() => utils.imgToArray([1])).toThrow('[imgToArray] expected an image');
  await expect(utils.arrayToImg([[[1, 2]]])).rejects.toThrow('[arrayToImg] expected an image with 1, 3 or 4 channels');
});

test('smartResize cuts the middle out', async () => {
  for (const { shape, x, size, options, y } of golden.smart) {
    const resized = utils.smartResize(tensor(Float32Array.from(x), shape), size, camel(options));
    expect(furthest((await resized.data()) as Float32Array, y)).toBeLessThan(1e-5);
  }
});

describe('saved images', () => {
  const rgba = tensor(Uint8Array.of(10, 20, 30, 0, 40, 50, 60, 255), [1, 2, 4]);

  test('come back', async () => {
    for (const fileFormat of ['png', 'tiff'] as const) {
      const path = join(folder, `saved-${fileFormat}`);
      await saveImg(path, rgba, { scale: false, fileFormat });
      expect(await (await loadImg(path, { colorMode: 'rgba' })).array()).toEqual(await rgba.array());
    }
    const deep = join(folder, 'deep.png');
    await saveImg(deep, tensor([[[0], [40000]]]), { scale: false });
    const { default: sharp } = await import('sharp');
    expect(await sharp(deep).metadata()).toMatchObject({ depth: 'ushort', channels: 1 });
    const raw = await sharp(deep).toColourspace('grey16').raw({ depth: 'ushort' }).toBuffer();
    expect([raw.readUInt16LE(0), raw.readUInt16LE(2)]).toEqual([0, 40000]);
  });

  test('have no opacity in a JPEG, which is told', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const path = join(folder, 'saved.jpg');
    await saveImg(path, rgba, { scale: false });
    expect(warn).toHaveBeenCalledWith('[saveImg] JPEG has no opacity: it is left out');
    warn.mockRestore();
    expect((await loadImg(path)).shape).toEqual([1, 2, 3]);
  });

  test('leave nothing behind when they fail', async () => {
    await expect(saveImg(join(folder, 'x.bmp'), rgba)).rejects.toThrow('fileFormat to be one of jpg, jpeg, png');
    await expect(saveImg(join(folder, 'deep.jpg'), tensor([[[300]]]), { scale: false })).rejects.toThrow('up to 255');
    await expect(saveImg(join(folder, 'no', 'x.png'), rgba)).rejects.toThrow('[saveImg] cannot write');
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});
