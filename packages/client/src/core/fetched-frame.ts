/**
 * One answer to a Fetch in memory. Its chunks are views of it, so all of it stays as long as one of them does: what counts
 * for the memory is the frame, not the chunk. Holds no bytes itself.
 */
export class FetchedFrame {
  readonly sizeBytes: number

  constructor(sizeBytes: number) {
    this.sizeBytes = sizeBytes
  }
}
