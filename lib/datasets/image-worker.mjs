// Decodes and resizes images beside the main thread. What to do comes from decode-image.ts.
import { parentPort } from 'node:worker_threads';
import sharp from 'sharp';

sharp.concurrency(1);
sharp.cache(false);

/** Pixels [height, width, channels], cut out, resized and placed in black, as float32. */
async function decode({ path, channels, cut, rows, columns, placed, size }) {
  let source = sharp(path, { failOn: 'error' }).toColourspace('srgb');
  source = channels === 4 ? source.ensureAlpha() : source.removeAlpha();
  const { data, info } = await source.raw().toBuffer({ resolveWithObject: true });
  const pixels = cutOut(data, info, channels, cut);
  const wide = weigh(pixels, 1, cut.sizes[0], cut.sizes[1] * channels, rows);
  const resized = weigh(wide, placed.sizes[0], cut.sizes[1], channels, columns);
  return place(resized, channels, placed, size).buffer;
}

function cutOut(data, info, channels, { starts, sizes: [height, width] }) {
  const pixels = new Float32Array(height * width * channels);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++, to += channels) {
      const from = ((starts[0] + y) * info.width + starts[1] + x) * info.channels;
      const at = (channel) => data[from + (info.channels < 3 ? 0 : channel)];
      // The luma of JPEG, of which decoders make grayscale.
      if (channels === 1) pixels[to] = Math.round(0.299 * at(0) + 0.587 * at(1) + 0.114 * at(2));
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

/** Replaces the middle axis of [outer, size, inner] by weighted sums of its places; none: leaves it. */
function weigh(x, outer, size, inner, taps) {
  if (!taps) return x;
  const { firsts, ends, weights } = taps;
  const places = firsts.length;
  const out = new Float32Array(outer * places * inner);
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
  return out;
}

parentPort.on('message', async ({ id, args: [task] }) => {
  try {
    const result = await decode(task);
    parentPort.postMessage({ id, result }, [result]);
  } catch (error) {
    parentPort.postMessage({ id, error: String(error?.message ?? error) });
  }
});
