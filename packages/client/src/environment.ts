/** The world around the client, as interfaces: real unless a test or the simulator says otherwise. */
import type { Clock, Random, Timers } from '@braidlog/base'
import type { Codecs } from '@braidlog/records'
import { awaitedTimers, nodeCodecs, systemClock, systemRandom } from '@braidlog/runtime'
import { nodeNetwork, type Network } from './network.ts'

export interface Environment {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly network: Network
  readonly codecs: Codecs
  /**
   * A producer's batches with so many bytes are compressed off the event loop, by `codecs.compressAsync`. Infinity keeps
   * a simulation in step: a thread pool ends its work in any order.
   */
  readonly offloadSizeBytes: number
  /** Runs a callback once what is running now, and every promise it has settled, is through. */
  readonly nextTurn: (callback: () => void) => void
}

export const systemEnvironment: Environment = {
  clock: systemClock,
  // Between attempts a client has no socket, only a timer: without this a program would end in the middle of `await`.
  timers: awaitedTimers,
  random: systemRandom,
  network: nodeNetwork,
  codecs: nodeCodecs,
  offloadSizeBytes: 32 << 10,
  nextTurn: (callback) => {
    setImmediate(callback)
  },
}
