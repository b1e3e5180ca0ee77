/**
 * What a partition has on a disk, batch by batch. Reads the few header fields by itself: what holds the code under test to
 * account must not share its bugs.
 *
 * ```
 * 0 base offset | 8 length of what follows | 12 leader epoch | 16 magic | 17 checksum | 21 attributes | 23 last offset delta
 * ```
 */
export interface StoredBatch {
  readonly baseOffset: number
  readonly nextOffset: number
  readonly leaderEpoch: number
  readonly checksum: number
}

const HEADER_SIZE_BYTES = 61
const LENGTH_OVERHEAD_SIZE_BYTES = 12

/** @param files of the partition's directory, by name */
export function storedBatches(files: ReadonlyMap<string, Uint8Array>): StoredBatch[] {
  return [...files]
    .filter(([name]) => name.endsWith('.log'))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, bytes]) => batchesOf(bytes))
}

/** Where the log ends: behind the last whole batch, or where its last segment begins. */
export function storedEndOffset(files: ReadonlyMap<string, Uint8Array>): number {
  const names = [...files.keys()].filter((name) => name.endsWith('.log')).toSorted()
  const last = names.at(-1)
  if (last === undefined) return 0
  return batchesOf(files.get(last)!).at(-1)?.nextOffset ?? Number.parseInt(last, 10)
}

/** The same of one file, with where each batch lies. */
export function batchesAt(
  bytes: Uint8Array,
): (StoredBatch & { readonly position: number; readonly sizeBytes: number })[] {
  let position = 0
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return batchesOf(bytes).map((batch) => {
    const at = position
    const sizeBytes = LENGTH_OVERHEAD_SIZE_BYTES + view.getInt32(at + 8)
    position += sizeBytes
    return { ...batch, position: at, sizeBytes }
  })
}

function batchesOf(bytes: Uint8Array): StoredBatch[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const found: StoredBatch[] = []
  let at = 0
  while (at + HEADER_SIZE_BYTES <= bytes.length) {
    const sizeBytes = LENGTH_OVERHEAD_SIZE_BYTES + view.getInt32(at + 8)
    if (sizeBytes < HEADER_SIZE_BYTES || at + sizeBytes > bytes.length) break
    const baseOffset = Number(view.getBigInt64(at))
    found.push({
      baseOffset,
      nextOffset: baseOffset + view.getInt32(at + 23) + 1,
      leaderEpoch: view.getInt32(at + 12),
      checksum: view.getUint32(at + 17),
    })
    at += sizeBytes
  }
  return found
}
