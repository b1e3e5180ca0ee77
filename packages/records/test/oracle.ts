/**
 * Batches read and written the slow, obvious way: bigints, one field after another, a checksum bit by bit. What the fast
 * paths are compared with.
 */

export interface OracleRecord {
  offset: bigint
  timestamp: bigint
  key: Uint8Array | null
  value: Uint8Array | null
  headers: { key: string; value: Uint8Array | null }[]
}

export interface OracleBatch {
  baseOffset: bigint
  leaderEpoch: number
  magic: number
  crc: number
  attributes: number
  lastOffsetDelta: number
  baseTimestamp: bigint
  maxTimestamp: bigint
  producerId: bigint
  producerEpoch: number
  baseSequence: number
  records: OracleRecord[]
}

export function oracleCrc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  }
  return ~crc >>> 0
}

export function oracleVarint(value: bigint): number[] {
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
  const bytes: number[] = []
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  bytes.push(Number(rest))
  return bytes
}

export function oracleReadVarint(bytes: Uint8Array, at: number): { value: bigint; at: number } {
  let zigzag = 0n
  for (let shift = 0n; ; shift += 7n) {
    const byte = bytes[at++]
    if (byte === undefined) throw new Error('past the end')
    zigzag |= BigInt(byte & 0x7f) << shift
    if (byte < 0x80) break
  }
  return { value: (zigzag >> 1n) ^ -(zigzag & 1n), at }
}

export function oracleDecode(bytes: Uint8Array): OracleBatch {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getInt32(8) !== bytes.length - 12) throw new Error('length')
  const crc = view.getUint32(17)
  if (crc !== oracleCrc32c(bytes.subarray(21))) throw new Error('crc')
  const batch: OracleBatch = {
    baseOffset: view.getBigInt64(0),
    leaderEpoch: view.getInt32(12),
    magic: view.getInt8(16),
    crc,
    attributes: view.getInt16(21),
    lastOffsetDelta: view.getInt32(23),
    baseTimestamp: view.getBigInt64(27),
    maxTimestamp: view.getBigInt64(35),
    producerId: view.getBigInt64(43),
    producerEpoch: view.getInt16(51),
    baseSequence: view.getInt32(53),
    records: [],
  }
  let at = 61
  const varint = (): bigint => {
    const read = oracleReadVarint(bytes, at)
    at = read.at
    return read.value
  }
  const payload = (): Uint8Array | null => {
    const size = Number(varint())
    if (size < 0) return null
    const piece = bytes.slice(at, at + size)
    at += size
    return piece
  }
  for (let i = 0; i < view.getInt32(57); i++) {
    const size = Number(varint())
    const end = at + size
    at++
    const timestamp = batch.baseTimestamp + varint()
    const offset = batch.baseOffset + varint()
    const key = payload()
    const value = payload()
    const headers = []
    for (let left = Number(varint()); left > 0; left--) {
      headers.push({ key: new TextDecoder().decode(payload()!), value: payload() })
    }
    if (at !== end) throw new Error('record size')
    batch.records.push({ offset, timestamp, key, value, headers })
  }
  if (at !== bytes.length) throw new Error('trailing bytes')
  return batch
}

/** Builds what the builder cannot: timestamps over the whole int64, any header field. */
export function oracleEncode(
  batch: Partial<OracleBatch> & { records: OracleRecord[]; recordCount?: number },
): Uint8Array {
  const baseOffset = batch.baseOffset ?? 0n
  const baseTimestamp = batch.baseTimestamp ?? batch.records[0]?.timestamp ?? -1n
  const body: number[] = []
  const payload = (target: number[], bytes: Uint8Array | null): void => {
    target.push(...oracleVarint(bytes === null ? -1n : BigInt(bytes.length)), ...(bytes ?? []))
  }
  for (const record of batch.records) {
    const one = [0, ...oracleVarint(record.timestamp - baseTimestamp), ...oracleVarint(record.offset - baseOffset)]
    payload(one, record.key)
    payload(one, record.value)
    one.push(...oracleVarint(BigInt(record.headers.length)))
    for (const header of record.headers) {
      payload(one, new TextEncoder().encode(header.key))
      payload(one, header.value)
    }
    body.push(...oracleVarint(BigInt(one.length)), ...one)
  }
  const bytes = new Uint8Array(61 + body.length)
  const view = new DataView(bytes.buffer)
  bytes.set(body, 61)
  view.setBigInt64(0, baseOffset)
  view.setInt32(8, bytes.length - 12)
  view.setInt32(12, batch.leaderEpoch ?? -1)
  view.setInt8(16, batch.magic ?? 2)
  view.setInt16(21, batch.attributes ?? 0)
  view.setInt32(23, batch.lastOffsetDelta ?? Math.max(batch.records.length - 1, 0))
  view.setBigInt64(27, baseTimestamp)
  view.setBigInt64(35, batch.maxTimestamp ?? baseTimestamp)
  view.setBigInt64(43, batch.producerId ?? -1n)
  view.setInt16(51, batch.producerEpoch ?? -1)
  view.setInt32(53, batch.baseSequence ?? -1)
  view.setInt32(57, batch.recordCount ?? batch.records.length)
  view.setUint32(17, batch.crc ?? oracleCrc32c(bytes.subarray(21)))
  return bytes
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** A record with defaults. */
export function record(fields: Partial<OracleRecord> = {}): OracleRecord {
  return { offset: 0n, timestamp: 0n, key: null, value: null, headers: [], ...fields }
}
