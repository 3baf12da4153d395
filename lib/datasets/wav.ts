// Reads WAV files: PCM of 8 to 32 bits and floats (RIFF, Microsoft and IBM 1991).

/** Samples from -1 to 1, the channels of each moment side by side. */
export interface Sound {
  readonly samples: Float32Array;
  readonly channels: number;
  /** Moments per second. */
  readonly rate: number;
}

const readers: Record<string, (view: DataView, at: number) => number> = {
  'pcm 8': (view, at) => (view.getUint8(at) - 128) / 2 ** 7,
  'pcm 16': (view, at) => view.getInt16(at, true) / 2 ** 15,
  'pcm 24': (view, at) => (view.getInt8(at + 2) * 2 ** 16 + view.getUint16(at, true)) / 2 ** 23,
  'pcm 32': (view, at) => view.getInt32(at, true) / 2 ** 31,
  'float 32': (view, at) => view.getFloat32(at, true),
  'float 64': (view, at) => view.getFloat64(at, true),
};

/** Throws an `Error` that says what is wrong with the bytes. */
export function readWav(bytes: Uint8Array): Sound {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = (at: number): string => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (bytes.length < 12 || text(0) !== 'RIFF' || text(8) !== 'WAVE') throw new Error('not a WAV file');
  let format: { kind: string; channels: number; rate: number; width: number } | null = null;
  for (let at = 12; at + 8 <= bytes.length;) {
    const size = view.getUint32(at + 4, true);
    const body = at + 8;
    if (text(at) === 'fmt ' && body + 16 <= bytes.length) {
      const tag = view.getUint16(body, true);
      // 0xfffe: the tag proper is the beginning of a longer one.
      const code = tag === 0xfffe && size >= 26 ? view.getUint16(body + 24, true) : tag;
      const bits = view.getUint16(body + 14, true);
      const kind = `${{ 1: 'pcm', 3: 'float' }[code] ?? `format ${code}`} ${bits}`;
      format = {
        kind,
        channels: view.getUint16(body + 2, true),
        rate: view.getUint32(body + 4, true),
        width: bits / 8,
      };
    } else if (text(at) === 'data') {
      if (!format) throw new Error('its data comes before its format');
      const read = readers[format.kind];
      if (!read || format.channels === 0) throw new Error(`cannot read ${format.kind} bits`);
      const available = Math.min(size, bytes.length - body);
      const moments = Math.floor(available / (format.width * format.channels));
      const { width, channels, rate } = format;
      const samples = Float32Array.from({ length: moments * channels }, (_, i) => read(view, body + i * width));
      return { samples, channels, rate };
    }
    at = body + size + (size % 2);
  }
  throw new Error('it holds no sound');
}
