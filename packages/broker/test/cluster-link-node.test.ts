/** The link to a controller in another process: how long it waits for one that does not answer. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { ControllerError, type ControllerNode } from '@braidlog/controller'
import { PeerError, type CancelSignal, type PeerAddress, type Peers } from '@braidlog/raft'
import { NodeLink } from '../src/cluster-link-node.ts'

const REQUEST = { brokerId: 1, brokerEpoch: 7, topics: [] }

/** Controllers that take requests and never answer. */
class Silent {
  leader: { readonly address: PeerAddress } | undefined
  readonly asked: { readonly id: number; readonly timeoutMs: number }[] = []
  readonly link: NodeLink
  readonly #listeners = new Set<() => void>()

  constructor() {
    const peers = {
      request: (
        { id }: PeerAddress,
        _api: string,
        _body: object,
        options: { timeoutMs: number; signal: CancelSignal },
      ) => {
        this.asked.push({ id, timeoutMs: options.timeoutMs })
        return new Promise((_resolve, reject) => {
          options.signal.addEventListener('abort', () => reject(new PeerError('ABORTED', 'given up')))
        })
      },
    } as unknown as Peers
    const controller = {
      isActive: false,
      onLeaderChange: (listener: () => void) => {
        this.#listeners.add(listener)
        return () => this.#listeners.delete(listener)
      },
    } as unknown as ControllerNode
    Object.defineProperty(controller, 'leader', { get: () => this.leader })
    const clock = { nowMs: () => 0, monotonicMs: () => 0 }
    this.link = new NodeLink({ controller, peers, clock, timers: { after: () => ({ cancel() {} }) } })
  }

  elect(id: number | undefined): void {
    this.leader = id === undefined ? undefined : { address: { id, host: 'controller', port: 9093 } }
    for (const listener of this.#listeners) listener()
  }

  get listenerCount(): number {
    return this.#listeners.size
  }
}

test('a request that is tried once gives up when another controller is known', async () => {
  const silent = new Silent()
  silent.elect(101)
  const answer = silent.link.submit('alterPartition', REQUEST, { timeoutMs: 5_000, once: true })
  const failed = assert.rejects(answer, (error) => error instanceof ControllerError && error.code === 'ABORTED')
  assert.deepEqual(silent.asked, [{ id: 101, timeoutMs: 5_000 }])
  // Nobody is no successor, and the same one may still answer.
  silent.elect(undefined)
  silent.elect(101)
  assert.equal(silent.listenerCount, 1)
  silent.elect(102)
  await failed
  assert.equal(silent.listenerCount, 0)
})

test('a request of a client is not given up: it may have taken effect', async () => {
  const silent = new Silent()
  silent.elect(101)
  const cancel = new AbortController()
  const answer = silent.link.submit('alterPartition', REQUEST, { timeoutMs: 5_000, signal: cancel.signal })
  silent.elect(102)
  assert.equal(silent.listenerCount, 0)
  cancel.abort()
  await assert.rejects(answer, (error) => error instanceof ControllerError && error.code === 'ABORTED')
})
