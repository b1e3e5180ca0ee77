/**
 * Free memory filled with pages of a file that nobody needs, as it is on a machine that has been up for a while: what writes to
 * files then gets pages that were in use before.
 *
 * On a virtual machine whose host takes free memory back (free page reporting), a page that was free for some seconds has to be
 * fetched from the host first. That costs two CPU seconds a gigabyte, ten times what it takes to write one, and is charged to
 * whoever comes first. Where the host leaves memory alone, filling it costs little and changes nothing.
 */
import { closeSync, ftruncateSync, openSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'

const leftSizeBytes = 384 << 20
const pieceSizeBytes = 4 << 20

export class FreeMemory {
  readonly #descriptor: number
  readonly #sizeBytes: number
  readonly #piece = Buffer.allocUnsafeSlow(pieceSizeBytes)
  #position = 0

  /** @param directory on a file system with a page cache; the file in it has a size, and no blocks on the disk */
  constructor(directory: string) {
    this.#sizeBytes = 2 * memoryBytes('MemTotal')
    this.#descriptor = openSync(join(directory, 'hole'), 'w+')
    ftruncateSync(this.#descriptor, this.#sizeBytes)
  }

  /** Reads on in the file until little is free: at most as much as is now, since others may free more all the time. */
  fill(): void {
    let left = memoryBytes('MemFree') - leftSizeBytes
    for (; left > 0 && memoryBytes('MemFree') > leftSizeBytes; left -= pieceSizeBytes) {
      readSync(this.#descriptor, this.#piece, 0, pieceSizeBytes, this.#position)
      this.#position = (this.#position + pieceSizeBytes) % (this.#sizeBytes - pieceSizeBytes)
    }
  }

  close(): void {
    closeSync(this.#descriptor)
  }
}

function memoryBytes(name: string): number {
  const [, kibibytes] = readFileSync('/proc/meminfo', 'utf8').match(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm')) ?? []
  return Number(kibibytes ?? 0) * 1024
}
