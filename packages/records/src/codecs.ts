/**
 * The native work that batches need, as an interface: this package knows no Node. `nodeCodecs` in `runtime` is the real
 * one; `plainCodecs` does without native code and without compression.
 */
import type { CompressionType } from './attributes.ts'
import { crc32c } from './crc32c.ts'
import { RecordsError } from './errors.ts'
import type { Crc32c } from './header.ts'

export interface Codecs {
  /** CRC-32C (Castagnoli) of `bytes[start, end)`, unsigned. */
  readonly crc32c: Crc32c
  /**
   * Compresses the records of a batch.
   * @param level for gzip and zstd; the codec's own default when left out
   * @returns bytes that the caller owns; `bytes` itself for 'none'
   */
  compress(type: CompressionType, bytes: Uint8Array, level?: number): Uint8Array
  /**
   * @param sizeBytesMax most bytes that may come out
   * @throws RecordsError `DECOMPRESSED_TOO_LARGE`, `CORRUPT_COMPRESSED_DATA`
   */
  decompress(type: CompressionType, bytes: Uint8Array, sizeBytesMax: number): Uint8Array
  /** Like `compress`, off the event loop where that pays. */
  compressAsync(type: CompressionType, bytes: Uint8Array, level?: number): Promise<Uint8Array>
  /** Like `decompress`, off the event loop where that pays. */
  decompressAsync(type: CompressionType, bytes: Uint8Array, sizeBytesMax: number): Promise<Uint8Array>
  /**
   * Writes `text` as UTF-8 at `target[at]`, as much as fits. @returns bytes written.
   * Optional: a faster way than TextEncoder's, where there is one.
   */
  readonly writeUtf8?: (target: Uint8Array, text: string, at: number) => number
}

function refuse(type: CompressionType): never {
  throw new RecordsError('UNSUPPORTED_COMPRESSION', `${type} needs native codecs: pass those of @braidlog/runtime`)
}

/** Checksums in JavaScript, no compression. */
export const plainCodecs: Codecs = {
  crc32c,
  compress: (type, bytes) => (type === 'none' ? bytes : refuse(type)),
  decompress: (type, bytes) => (type === 'none' ? bytes : refuse(type)),
  compressAsync: async (type, bytes) => (type === 'none' ? bytes : refuse(type)),
  decompressAsync: async (type, bytes) => (type === 'none' ? bytes : refuse(type)),
}
