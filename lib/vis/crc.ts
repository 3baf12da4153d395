// Check sums of 32 bits: CRC-32 as in PNG files, CRC-32C as in record files.

/** @param polynomial - With its bits in reverse order. */
function checkSum(polynomial: number): (bytes: Uint8Array) => number {
  const table = Uint32Array.from({ length: 256 }, (_, byte) => {
    let rest = byte;
    for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ polynomial : rest >>> 1;
    return rest;
  });
  return (bytes) => {
    let crc = ~0;
    for (const byte of bytes) crc = (crc >>> 8) ^ table[(crc ^ byte) & 0xff];
    return ~crc >>> 0;
  };
}

export const crc32 = checkSum(0xedb88320);
export const crc32c = checkSum(0x82f63b78);
