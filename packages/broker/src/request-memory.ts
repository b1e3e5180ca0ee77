/**
 * The memory that unfinished requests of all connections may hold together (`queued.max.request.bytes`).
 *
 * Over the limit, connections that are in the middle of a request wait and are not read, except one: without it, many
 * half requests would block each other for ever. So the bound is the limit plus one request.
 */

export interface MemoryUser {
  /** It is this user's turn: it may read again. */
  memoryAvailable(): void
}

export class RequestMemory {
  readonly #limitBytes: number
  #usedBytes = 0
  readonly #waiting = new Set<MemoryUser>()
  #privileged: MemoryUser | undefined

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /** The one that may go on although the limit is reached, while others wait. */
  get blocking(): MemoryUser | undefined {
    return this.#waiting.size > 0 ? this.#privileged : undefined
  }

  take(sizeBytes: number): void {
    this.#usedBytes += sizeBytes
  }

  give(sizeBytes: number): void {
    this.#usedBytes -= sizeBytes
    while (this.#usedBytes <= this.#limitBytes && this.#waiting.size > 0) this.#wakeOne()
  }

  /** Asked before reading on in the middle of a request; `false` puts the user in line. */
  mayRead(user: MemoryUser): boolean {
    if (this.#usedBytes <= this.#limitBytes || this.#privileged === user) return true
    if (this.#privileged === undefined) {
      this.#privileged = user
      return true
    }
    this.#waiting.add(user)
    return false
  }

  /** The user holds no unfinished request any more. */
  done(user: MemoryUser): void {
    this.#waiting.delete(user)
    if (this.#privileged !== user) return
    this.#privileged = undefined
    if (this.#waiting.size > 0) this.#wakeOne()
  }

  #wakeOne(): void {
    for (const user of this.#waiting) {
      this.#waiting.delete(user)
      user.memoryAvailable()
      return
    }
  }
}
