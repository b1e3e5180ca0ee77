/** Messages that may be late, lost, doubled or overtaken, and links that are cut in one or both directions. */
import { below, type Random } from '@braidlog/base'
import type { Destination } from '../../src/machine/outbox.ts'
import type { InboundRequest, OutboundRequest, Received } from '../../src/machine/messages.ts'
import type { SimNode } from './node.ts'
import type { World } from './world.ts'

export interface NetworkFaults {
  /** Per thousand. */
  lost: number
  doubled: number
  slow: number
}

export class Network {
  readonly #world: World
  readonly #random: Random
  readonly faults: NetworkFaults
  /** `from>to` */
  readonly #cut = new Set<string>()

  constructor(world: World, random: Random, faults: NetworkFaults) {
    this.#world = world
    this.#random = random
    this.faults = faults
  }

  cut(from: number, to: number): void {
    this.#cut.add(`${from}>${to}`)
  }

  heal(): void {
    this.#cut.clear()
  }

  request(
    from: SimNode,
    to: Destination,
    request: OutboundRequest,
    timeoutMs: number,
    respond: (response: Received) => void,
  ): void {
    from.later(timeoutMs, () => respond({ type: 'failed', unsupported: false }))
    const target = this.#world.nodes.find((node) => `n${node.id}` === to.host)!
    const copies = this.#happens(this.faults.doubled) ? 2 : 1
    for (let copy = 0; copy < copies; copy++)
      this.#deliver(from, target, () => {
        if (request.type === 'probe') {
          const kraftVersions = { min: 0, max: 1 }
          this.#deliver(target, from, () => respond({ type: 'probe', error: 0, kraftVersions }))
        } else {
          target.request(request as InboundRequest, (response) => this.#deliver(target, from, () => respond(response)))
        }
      })
  }

  #deliver(from: SimNode, to: SimNode, run: () => void): void {
    if (this.#happens(this.faults.lost)) return
    const slow = this.#happens(this.faults.slow)
    const delayMs = slow ? below(this.#random, 1500) : 0.1 + below(this.#random, 40) / 10
    this.#world.scheduler.after(delayMs, () => {
      if (this.#cut.has(`${from.id}>${to.id}`) || !to.alive) return
      to.later(0, run)
    })
  }

  #happens(perThousand: number): boolean {
    return perThousand > 0 && below(this.#random, 1000) < perThousand
  }
}
