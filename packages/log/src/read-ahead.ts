/**
 * What cold reads have brought along: bytes of log files behind those that were asked for, kept for the reader that goes
 * on there. A hop to the thread pool costs more than copying tens of kilobytes, so one hop reads for several fetches.
 *
 * A piece is dropped by its log once a reader has come to its end, or when the segment goes. While there is no room, nobody
 * reads ahead; a piece that nobody has used while others asked in vain so many times belongs to a reader that is gone.
 * Invariant: pieces together have at most `sizeBytesMax` bytes; bytes of closed or written parts of a segment never
 * change, so a piece is what the file has.
 */
import type { PooledBuffer } from './buffers.ts'
import type { Segment } from './segment.ts'

/** So many times others may ask in vain before the oldest piece must be used or go. */
const REFUSALS_MAX = 16

export interface AheadPiece {
  readonly segment: Segment
  /** In the file: `buffer.bytes[0, sizeBytes)` stands there. */
  readonly position: number
  readonly sizeBytes: number
  /** The piece is one holder of it. */
  readonly buffer: PooledBuffer
}

export class ReadAhead {
  readonly #sizeBytesMax: number
  /** Of all logs, the one that was used last at the end, each with who is to forget it. */
  readonly #pieces = new Map<AheadPiece, (piece: AheadPiece) => void>()
  #sizeBytes = 0
  #refusals = 0

  constructor(sizeBytesMax: number) {
    this.#sizeBytesMax = sizeBytesMax
  }

  /** Bytes of memory kept. */
  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** May so many bytes of memory be kept? */
  hasRoom(sizeBytes: number): boolean {
    if (this.#sizeBytes + sizeBytes <= this.#sizeBytesMax) return true
    if (++this.#refusals < REFUSALS_MAX) return false
    this.#refusals = 0
    const [oldest] = this.#pieces
    if (oldest !== undefined) oldest[1](oldest[0])
    return this.#sizeBytes + sizeBytes <= this.#sizeBytesMax
  }

  /** @param forget called when the piece has to go; must lead to `remove` */
  add(piece: AheadPiece, forget: (piece: AheadPiece) => void): void {
    this.#pieces.set(piece, forget)
    this.#sizeBytes += piece.buffer.sizeBytes
  }

  /** The piece has been read from. */
  used(piece: AheadPiece): void {
    const forget = this.#pieces.get(piece)
    if (forget === undefined) return
    this.#pieces.delete(piece)
    this.#pieces.set(piece, forget)
    this.#refusals = 0
  }

  remove(piece: AheadPiece): void {
    if (!this.#pieces.delete(piece)) return
    this.#sizeBytes -= piece.buffer.sizeBytes
    piece.buffer.release()
  }
}
