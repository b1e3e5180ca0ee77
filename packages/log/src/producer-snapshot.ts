/**
 * Producer snapshot files: the producer state before an offset, so that a restart need not read the whole log.
 *
 * ```
 *  0  version   int16    1
 *  2  crc       uint32   CRC-32C of all that follows
 *  6  entries   int32 count, then per producer: id int64, epoch int16, last sequence int32, last offset int64,
 *               offset delta int32, timestamp int64, coordinator epoch int32, first offset of its transaction int64
 * ```
 */
import { ProducerSnapshot } from '@braidlog/protocol'
import type { Codecs } from '@braidlog/records'
import type { ProducerSnapshotEntry } from './producer-state.ts'

const VERSION = 1
const CRC_AT = 2
const ENTRIES_AT = 6

export function encodeProducerSnapshot(entries: readonly ProducerSnapshotEntry[], codecs: Codecs): Uint8Array {
  const body = ProducerSnapshot.encode({ crc: 0, producerEntries: [...entries] }, VERSION)
  const bytes = new Uint8Array(CRC_AT + body.length)
  bytes.set(body, CRC_AT)
  const view = new DataView(bytes.buffer)
  view.setInt16(0, VERSION)
  view.setUint32(CRC_AT, codecs.crc32c(bytes, ENTRIES_AT, bytes.length))
  return bytes
}

/** @returns `undefined` for a file that is damaged or of another version: it is worth nothing then */
export function decodeProducerSnapshot(bytes: Uint8Array, codecs: Codecs): ProducerSnapshotEntry[] | undefined {
  if (bytes.length < ENTRIES_AT + 4) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getInt16(0) !== VERSION) return undefined
  if (view.getUint32(CRC_AT) !== codecs.crc32c(bytes, ENTRIES_AT, bytes.length)) return undefined
  try {
    return ProducerSnapshot.decode(bytes.subarray(CRC_AT), VERSION).producerEntries
  } catch {
    return undefined
  }
}
