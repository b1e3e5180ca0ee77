/** Messages that may be late, lost, doubled or overtaken, and links that are cut in one or both directions. */
import { below, type Random } from '@braidlog/base'
import type { Destination } from '../../src/machine/outbox.ts'
import type { InboundRequest, OutboundRequest, Received } from '../../src/machine/messages.ts'
import type { SimNode } from './node.ts'
import type { World } from './world.ts'

const nothing = (): void => {}

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
    from.later(timeoutMs, () => respond({ type: 'failed', unsupported: false, unreachable: false }))
    const target = this.#world.nodes.find((node) => `n${node.id}` === to.host)!
    const copies = this.#happens(this.faults.doubled) ? 2 : 1
    const refused = (): void =>
      from.later(this.#delayMs(), () => respond({ type: 'failed', unsupported: false, unreachable: true }))
    for (let copy = 0; copy < copies; copy++)
      this.#deliver(from, target, refused, () => {
        if (request.type === 'probe') {
          const kraftVersions = { min: 0, max: 1 }
          this.#deliver(target, from, nothing, () => respond({ type: 'probe', error: 0, kraftVersions }))
        } else {
          target.request(request as InboundRequest, (response) =>
            this.#deliver(target, from, nothing, () => respond(response)),
          )
        }
      })
  }

  /** @param refused where no process listens, the system says so at once */
  #deliver(from: SimNode, to: SimNode, refused: () => void, run: () => void): void {
    if (this.#happens(this.faults.lost)) return
    const slow = this.#happens(this.faults.slow)
    this.#world.scheduler.after(slow ? below(this.#random, 1500) : this.#delayMs(), () => {
      if (this.#cut.has(`${from.id}>${to.id}`)) return
      if (to.alive) to.later(0, run)
      else refused()
    })
  }

  #delayMs(): number {
    return 0.1 + below(this.#random, 40) / 10
  }

  #happens(perThousand: number): boolean {
    return perThousand > 0 && below(this.#random, 1000) < perThousand
  }
}
