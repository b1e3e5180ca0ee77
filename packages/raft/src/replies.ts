/** Requests of other nodes that wait for their answer, by the machine's token. Each is answered once. */
import type { ErrorCode } from '@braidlog/model'
import type { WireAnswer } from './wire-answers.ts'

export interface Reply {
  answer(answer: WireAnswer): void
  /** The error stands at the top of the response. */
  refuse(error: ErrorCode): void
}

/** Above it new requests are refused. */
const WAITING_MAX = 4096

export class Replies {
  readonly #replies = new Map<number, Reply>()
  #nextToken = 1

  get isFull(): boolean {
    return this.#replies.size >= WAITING_MAX
  }

  /** @returns the token under which the answer will come */
  add(reply: Reply): number {
    const token = this.#nextToken++
    this.#replies.set(token, reply)
    return token
  }

  answer(token: number, answer: WireAnswer): void {
    const reply = this.#replies.get(token)
    this.#replies.delete(token)
    reply?.answer(answer)
  }

  refuseAll(error: ErrorCode): void {
    for (const reply of this.#replies.values()) reply.refuse(error)
    this.#replies.clear()
  }
}
