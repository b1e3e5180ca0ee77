/**
 * Producer ids for this node: handed out from blocks that the controller allocates, so that one id costs no metadata
 * record and no two nodes ever hand out the same. The next block is fetched before the current one runs out.
 */
import { ErrorCode } from '@braidlog/model'
import type { ClusterLink } from './cluster-link.ts'

export type ProducerIdResult =
  | { readonly ok: true; readonly producerId: number }
  | { readonly ok: false; readonly error: ErrorCode }

/** A new block is asked for when less than this part of the current one is left. */
const REFILL_FRACTION = 0.1

export class ProducerIds {
  readonly #cluster: ClusterLink
  readonly #nodeId: number
  #next = 0
  #end = 0
  #blockSize = 0
  /** The block after the current one. */
  #reserve: { readonly start: number; readonly size: number } | undefined
  #refilling: Promise<ErrorCode> | undefined

  constructor(cluster: ClusterLink, nodeId: number) {
    this.#cluster = cluster
    this.#nodeId = nodeId
  }

  async next(): Promise<ProducerIdResult> {
    while (this.#next === this.#end) {
      if (this.#reserve === undefined) {
        const error = await this.#refill()
        if (error !== ErrorCode.NONE) return { ok: false, error }
      } else {
        this.#next = this.#reserve.start
        this.#end = this.#reserve.start + this.#reserve.size
        this.#blockSize = this.#reserve.size
        this.#reserve = undefined
      }
    }
    const producerId = this.#next++
    const left = this.#end - this.#next
    if (this.#reserve === undefined && left < this.#blockSize * REFILL_FRACTION) void this.#refill()
    return { ok: true, producerId }
  }

  #refill(): Promise<ErrorCode> {
    this.#refilling ??= this.#allocate().finally(() => {
      this.#refilling = undefined
    })
    return this.#refilling
  }

  async #allocate(): Promise<ErrorCode> {
    try {
      const { errorCode, producerIdStart, producerIdLen } = await this.#cluster.submit('allocateProducerIds', {
        brokerId: this.#nodeId,
        brokerEpoch: this.#cluster.image.broker(this.#nodeId)?.epoch ?? -1,
      })
      if (errorCode === ErrorCode.NONE) this.#reserve = { start: producerIdStart, size: producerIdLen }
      return errorCode as ErrorCode
    } catch {
      return ErrorCode.COORDINATOR_NOT_AVAILABLE
    }
  }
}
