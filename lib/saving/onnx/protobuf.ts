// Writing protocol buffers: messages as lists of pieces, of which large ones are fetched when they are written. So a file
// of any size is never in memory as a whole, which is what libraries for protocol buffers would ask for.

/** Bytes that are there, or whose number is known and which come when they are asked for. */
export type Piece = Uint8Array | LazyPiece;

export interface LazyPiece {
  /** In bytes. */
  readonly length: number;
  readonly fetch: () => Promise<Uint8Array>;
}

const VARINT = 0;
const BYTES = 2;
const FIXED32 = 5;

/** One message. Fields are written in the order of the calls. */
export class Message {
  readonly pieces: Piece[] = [];
  length = 0;

  /** An integer or enum; negative ones as int64. */
  int(field: number, value: number | bigint): this {
    return this.push([varint((field << 3) | VARINT), varint(value)]);
  }

  float(field: number, value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    return this.push([varint((field << 3) | FIXED32), bytes]);
  }

  text(field: number, value: string): this {
    return this.bytes(field, Buffer.from(value, 'utf8'));
  }

  bytes(field: number, value: Piece): this {
    return this.push([varint((field << 3) | BYTES), varint(value.length), value]);
  }

  message(field: number, value: Message): this {
    return this.push([varint((field << 3) | BYTES), varint(value.length)]).push(value.pieces);
  }

  private push(pieces: readonly Piece[]): this {
    for (const piece of pieces) {
      this.pieces.push(piece);
      this.length += piece.length;
    }
    return this;
  }
}

function varint(value: number | bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
