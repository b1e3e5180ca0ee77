/** Record batches to send: whole ones by the builder, and ways to spoil them. */
import { nodeCodecs } from '@braidlog/runtime'
import {
  BatchBuilder,
  sealBatch,
  viewOf,
  type BatchFields,
  type CompressionType,
  type HeaderInput,
} from '@braidlog/records'

/** A time all servers agree on, recent enough to be accepted. */
export const BASE_MS = Date.now() - 60_000

export interface BatchOptions extends BatchFields {
  readonly compression?: CompressionType
  readonly timestampMs?: number
  readonly key?: string | null
  readonly headers?: readonly HeaderInput[]
}

export function batchOf(values: readonly (string | null)[], options: BatchOptions = {}): Uint8Array {
  const { compression = 'none', timestampMs = BASE_MS, key = null, headers = [], ...fields } = options
  const builder = new BatchBuilder({ codecs: nodeCodecs, sizeBytesMax: 1 << 24, compression })
  values.forEach((value, i) => builder.append(key, value, timestampMs + i, headers))
  return Uint8Array.prototype.slice.call(builder.build(fields))
}

/** Sets one header field and, unless told otherwise, makes the checksum right again. */
export function spoiled(
  batch: Uint8Array,
  change: (view: DataView, bytes: Uint8Array) => void,
  reseal = true,
): Uint8Array {
  const bytes = batch.slice()
  const view = viewOf(bytes)
  change(view, bytes)
  if (reseal) sealBatch(bytes, view, 0, nodeCodecs.crc32c)
  return bytes
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

/** A message set of magic 0 or 1 with one message, as clients wrote before Apache Kafka 0.11. */
export function oldMessage(magic: 0 | 1, value: string, attributes = 0): Uint8Array {
  const body = Buffer.from(value)
  const content = Buffer.alloc(2 + (magic === 1 ? 8 : 0) + 4 + 4 + body.length)
  let at = content.writeInt8(magic, 0)
  at = content.writeInt8(attributes, at)
  if (magic === 1) at = content.writeBigInt64BE(BigInt(BASE_MS), at)
  at = content.writeInt32BE(-1, at)
  at = content.writeInt32BE(body.length, at)
  body.copy(content, at)
  const entry = Buffer.alloc(8 + 4 + 4)
  entry.writeInt32BE(4 + content.length, 8)
  entry.writeUInt32BE(crc32(content), 12)
  return new Uint8Array(Buffer.concat([entry, content]))
}

/** CRC-32 as in zip files, which old messages carry. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return (crc ^ 0xffffffff) >>> 0
}
