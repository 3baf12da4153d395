// Reads BMP files, which sharp does not: uncompressed pixels of 1, 4, 8, 16, 24 or 32 bits, from the bottom up or the top
// down. Where the file has no opacity the image has three channels, else four.

/** As many as sharp takes. */
const MOST_PIXELS = 0x3fff ** 2;
/** How pixels are kept: as they are, or with masks for the channels (the second with one for opacity). */
const PLAIN = 0;
const MASKED = [3, 6];

/** Whether a file that begins with these bytes says that it is one. */
export const isBmp = (bytes) => bytes[0] === 0x42 && bytes[1] === 0x4d;

/** The pixels of a file as `{ data, info: { width, height, channels } }`. Throws an `Error` for damaged and other files. */
export function readBmp(bytes) {
  const header = readHeader(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  const { width, height, bits, channels } = header;
  const stride = Math.ceil((width * bits) / 32) * 4;
  if (header.pixels + stride * height > bytes.length) {
    throw new Error(`BMP: ${width} × ${height} pixels are more than the file has`);
  }
  const rows = { bytes, start: header.pixels, stride, width, height, fromTop: header.fromTop };
  const data = new Uint8Array(width * height * channels);
  if (header.palette) fillFromPalette(data, rows, bits, header.palette);
  else fillFromMasks(data, rows, bits, header.masks);
  return { data, info: { width, height, channels } };
}

function readHeader(view) {
  const at = (kind, offset) => {
    if (offset + 4 > view.byteLength) throw new Error('BMP: the file ends in its header');
    return view[`get${kind}`](offset, true);
  };
  const pixels = at('Uint32', 10);
  const size = at('Uint32', 14);
  // The oldest header has shorter numbers, and three bytes a color.
  const old = size === 12;
  if (!old && size < 40) throw new Error(`BMP: a header of ${size} bytes is not known`);
  const [width, signed] = old ? [at('Uint16', 18), at('Uint16', 20)] : [at('Int32', 18), at('Int32', 22)];
  const bits = at('Uint16', old ? 24 : 28);
  const compression = old ? PLAIN : at('Uint32', 30);
  const height = Math.abs(signed);
  if (width < 1 || height < 1 || width * height > MOST_PIXELS) {
    throw new Error(`BMP: an image of ${width} × ${signed} pixels`);
  }
  const known = { [PLAIN]: [1, 4, 8, 16, 24, 32], [MASKED[0]]: [16, 32], [MASKED[1]]: [16, 32] };
  if (!known[compression]?.includes(bits)) {
    throw new Error(`BMP: ${bits} bits a pixel with compression ${compression} are not supported`);
  }
  const common = { width, height, fromTop: signed < 0, bits, pixels };
  const end = 14 + size;
  if (bits <= 8) {
    const wanted = old ? 0 : at('Uint32', 46);
    const colors = Math.min(wanted || 2 ** bits, 2 ** bits);
    const palette = Array.from({ length: colors }, (_, i) => at('Uint32', end + i * (old ? 3 : 4)) & 0xffffff);
    return { ...common, channels: 3, palette };
  }
  const masks = masksOf(compression, size, bits, (i) => at('Uint32', 54 + 4 * i));
  return { ...common, channels: masks[3] ? 4 : 3, masks };
}

/** The bits of red, green, blue and opacity in a pixel. */
function masksOf(compression, size, bits, given) {
  if (compression === PLAIN) return bits === 16 ? [0x7c00, 0x3e0, 0x1f, 0] : [0xff0000, 0xff00, 0xff, 0];
  const masks = [0, 1, 2].map(given);
  // Longer headers have a place for the fourth.
  return [...masks, compression === MASKED[1] || size >= 56 ? given(3) : 0];
}

const rowStart = ({ start, stride, height, fromTop }, y) => start + (fromTop ? y : height - 1 - y) * stride;

function fillFromPalette(data, rows, bits, palette) {
  const { bytes, width, height } = rows;
  const perByte = 8 / bits;
  for (let y = 0, to = 0; y < height; y++) {
    const from = rowStart(rows, y);
    for (let x = 0; x < width; x++) {
      const shift = (perByte - 1 - (x % perByte)) * bits;
      const index = (bytes[from + Math.floor(x / perByte)] >> shift) & (2 ** bits - 1);
      if (index >= palette.length) throw new Error(`BMP: color ${index} of ${palette.length}`);
      for (const part of [16, 8, 0]) data[to++] = (palette[index] >> part) & 0xff;
    }
  }
}

function fillFromMasks(data, rows, bits, masks) {
  const { bytes, width, height } = rows;
  const size = bits / 8;
  const parts = masks.filter((mask, i) => i < 3 || mask !== 0).map(scaleOf);
  for (let y = 0, to = 0; y < height; y++) {
    const from = rowStart(rows, y);
    for (let x = 0; x < width; x++) {
      let pixel = 0;
      for (let i = size - 1; i >= 0; i--) pixel = (pixel << 8) | bytes[from + x * size + i];
      for (const { mask, shift, most } of parts) {
        data[to++] = Math.floor((((pixel & mask) >>> shift) * 255) / most);
      }
    }
  }
}

/** Where a mask's bits begin and what they can hold; a channel without bits is black. */
function scaleOf(mask) {
  if (mask === 0) return { mask, shift: 0, most: 1 };
  const shift = 31 - Math.clz32(mask & -mask);
  const most = mask >>> shift;
  if ((most & (most + 1)) !== 0) throw new Error(`BMP: the mask ${mask.toString(16)} has a gap`);
  return { mask, shift, most };
}
