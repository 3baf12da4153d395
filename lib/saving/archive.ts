// What a model is stored in: members by name, in a zip file (zip.ts) or a folder (folder.ts).

/** What becomes a member of an archive: text or bytes, or a file to be copied. */
export type Member = string | Uint8Array | { readonly file: string };

/** Members that are read into memory may be so large, in bytes. */
export const LARGEST = 2 ** 29;

/** Members to be read. */
export interface Archive {
  /** For errors. */
  readonly path: string;
  /** The names of all members. */
  readonly names: readonly string[];
  /** A member as bytes. Throws a `HornetError` when it is missing, damaged or too large. */
  bytes(name: string): Promise<Buffer>;
  /** Hands a file that holds a member to `use`. */
  withFile<T>(name: string, use: (file: string) => Promise<T>): Promise<T>;
}
