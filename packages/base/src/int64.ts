/**
 * 64-bit integers as checked numbers: read and written as two 32-bit halves, big-endian. Twenty times cheaper than a
 * bigint. What does not fit into ±(2^53-1) is the caller's to refuse (`Number.isSafeInteger`).
 */

export function readInt64(view: DataView, at: number): number {
  return view.getInt32(at) * 2 ** 32 + view.getUint32(at + 4)
}

export function writeInt64(view: DataView, at: number, value: number): void {
  view.setInt32(at, Math.floor(value / 2 ** 32))
  view.setUint32(at + 4, value >>> 0)
}
