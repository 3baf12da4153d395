// Decodes and resizes images beside the main thread. What to do comes from decode-image.ts.
import { open, readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { answer } from '../worker-answers.mjs';
import { isBmp, readBmp } from './bmp.mjs';

sharp.concurrency(1);
sharp.cache(false);

/** A file for sharp. */
async function read(path) {
  const file = await open(path);
  const { buffer: start } = await file.read(new Uint8Array(2), 0, 2).finally(() => file.close());
  if (!isBmp(start)) return sharp(path, { failOn: 'error' });
  const { data, info } = readBmp(await readFile(path));
  return sharp(data, { raw: info });
}

/** [height, width] of an image. */
async function sizeOf(path) {
  const { height, width } = await (await read(path)).metadata();
  return [height, width];
}

/** Pixels [height, width, channels], cut out, resized and placed in black, as float32. */
async function decode({ path, channels, cut, rows, columns, bytes, placed, size }) {
  let source = (await read(path)).toColourspace('srgb');
  source = channels === 4 ? source.ensureAlpha() : source.removeAlpha();
  const { data, info } = await source.raw().toBuffer({ resolveWithObject: true });
  let pixels = cutOut(data, info, channels, cut);
  const blended = bytes && channels === 4 && (rows || columns);
  if (blended) eachPixel(pixels, (value, opacity) => Math.round((value * opacity) / 255));
  pixels = weigh(pixels, cut.sizes[0], cut.sizes[1], channels, columns, bytes);
  pixels = weigh(pixels, 1, cut.sizes[0], placed.sizes[1] * channels, rows, bytes);
  if (blended) eachPixel(pixels, (value, opacity) => Math.min(Math.floor((value * 255) / (opacity || 255)), 255));
  return place(pixels, channels, placed, size).buffer;
}

/** Replaces each color by a function of it and its opacity. */
function eachPixel(pixels, fn) {
  for (let i = 0; i < pixels.length; i++) if (i % 4 < 3) pixels[i] = fn(pixels[i], pixels[i - (i % 4) + 3]);
}

function cutOut(data, info, channels, { starts, sizes: [height, width] }) {
  const pixels = new Float32Array(height * width * channels);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++, to += channels) {
      const from = ((starts[0] + y) * info.width + starts[1] + x) * info.channels;
      const at = (channel) => data[from + (info.channels < 3 ? 0 : channel)];
      // The luma of JPEG, of which decoders make grayscale, in whole numbers as Pillow has it.
      if (channels === 1) pixels[to] = (19595 * at(0) + 38470 * at(1) + 7471 * at(2) + 0x8000) >> 16;
      else for (let c = 0; c < channels; c++) pixels[to + c] = c === 3 ? data[from + info.channels - 1] : at(c);
    }
  }
  return pixels;
}

function place(pixels, channels, { starts, sizes }, [height, width]) {
  if (sizes[0] === height && sizes[1] === width) return pixels;
  const framed = new Float32Array(height * width * channels);
  for (let y = 0; y < sizes[0]; y++) {
    const row = pixels.subarray(y * sizes[1] * channels, (y + 1) * sizes[1] * channels);
    framed.set(row, ((starts[0] + y) * width + starts[1]) * channels);
  }
  return framed;
}

/** Replaces the middle axis of [outer, size, inner] by weighted sums of its places, as bytes or not; none: leaves it. */
function weigh(x, outer, size, inner, taps, bytes) {
  if (!taps) return x;
  const { firsts, ends, weights } = taps;
  const places = firsts.length;
  const out = new (bytes ? Float64Array : Float32Array)(outer * places * inner);
  for (let o = 0; o < outer; o++) {
    for (let place = 0; place < places; place++) {
      const to = (o * places + place) * inner;
      for (
        let w = place === 0 ? 0 : ends[place - 1], from = (o * size + firsts[place]) * inner;
        w < ends[place];
        w++, from += inner
      ) {
        const weight = weights[w];
        for (let i = 0; i < inner; i++) out[to + i] += weight * x[from + i];
      }
    }
  }
  return bytes ? Float32Array.from(out, (value) => Math.min(Math.max(Math.floor(value + 0.5), 0), 255)) : out;
}

answer({ size: sizeOf, decode });
