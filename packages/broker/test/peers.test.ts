/** Requests from node to node, over a connection that the test plays the other end of. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { SeededRandom, silentLogger, type Timer } from '@braidlog/base'
import { ErrorCode } from '@braidlog/model'
import {
  ApiVersionsResponse,
  apiByKey,
  encodeResponse,
  FrameSplitter,
  readRequestHeader,
  Reader,
  VoteResponse,
  type Input,
} from '@braidlog/protocol'
import { PeerError } from '@braidlog/raft'
import { systemClock, type Dial, type DialEvents } from '@braidlog/runtime'
import { SocketPeers } from '../src/index.ts'

/** The other end of one connection. */
class Remote {
  readonly events: DialEvents
  readonly requests: { key: number; version: number; correlationId: number; clientId: string | null; body: unknown }[] =
    []
  readonly #frames = new FrameSplitter(1 << 20)
  destroyed = false

  constructor(events: DialEvents) {
    this.events = events
  }

  take(chunks: readonly Uint8Array[]): void {
    for (const frame of this.#frames.push(Buffer.concat(chunks))) {
      const reader = new Reader(frame)
      const { requestApiKey: key, requestApiVersion: version, correlationId, clientId } = readRequestHeader(reader)
      this.requests.push({
        key,
        version,
        correlationId,
        clientId,
        body: apiByKey(key)!.request.readToEnd(reader, version),
      })
    }
  }

  agree(
    ranges: readonly [key: number, min: number, max: number][] = [
      [52, 0, 2],
      [18, 0, 4],
    ],
  ): void {
    const { correlationId, version } = this.requests[0]!
    const apiKeys = ranges.map(([apiKey, minVersion, maxVersion]) => ({ apiKey, minVersion, maxVersion }))
    this.#answer(encodeResponse(ApiVersionsResponse, { apiVersion: version, correlationId }, { apiKeys }))
  }

  refuseApiVersions(max: number): void {
    const { correlationId } = this.requests.at(-1)!
    const apiKeys = [{ apiKey: 18, minVersion: 0, maxVersion: max }]
    const errorCode = ErrorCode.UNSUPPORTED_VERSION
    this.#answer(encodeResponse(ApiVersionsResponse, { apiVersion: 0, correlationId }, { errorCode, apiKeys }))
  }

  vote(index: number, body: Input<VoteResponse>): void {
    const { correlationId, version } = this.requests[index]!
    this.#answer(encodeResponse(VoteResponse, { apiVersion: version, correlationId }, body))
  }

  #answer(chunks: readonly Uint8Array[]): void {
    this.events.received(Buffer.concat(chunks))
  }
}

function setUp() {
  const remotes: Remote[] = []
  const timers: { delayMs: number; fire: () => void; cancelled: boolean }[] = []
  let nowMs = 1000
  const dial: Dial = (_address, events) => {
    const remote = new Remote(events)
    remotes.push(remote)
    return {
      write: (chunks) => remote.take(chunks),
      destroy: () => {
        remote.destroyed = true
        events.closed(undefined)
      },
    }
  }
  const peers = new SocketPeers({
    nodeId: 7,
    clock: { ...systemClock, monotonicMs: () => nowMs },
    timers: {
      after(delayMs, fire): Timer {
        const timer = { delayMs, fire, cancelled: false }
        timers.push(timer)
        return { cancel: () => (timer.cancelled = true) }
      },
    },
    random: new SeededRandom(1),
    logger: silentLogger,
    dial,
  })
  const node = { id: 2, host: 'two', port: 9093 }
  const ask = (
    epoch: number,
    more: { purpose?: string; preVote?: boolean; signal?: AbortSignal; versionMax?: number } = {},
  ) => {
    const { preVote = false, ...options } = more
    const partition = {
      partitionIndex: 0,
      replicaEpoch: epoch,
      replicaId: 7,
      lastOffsetEpoch: 0,
      lastOffset: 0,
      preVote,
    }
    const body = { topics: [{ topicName: 'm', partitions: [partition] }] }
    return peers.request(node, 'Vote', body, { timeoutMs: 500, ...options })
  }
  return { peers, remotes, timers, node, ask, pass: (ms: number) => (nowMs += ms) }
}

const granted = (epoch: number): Input<VoteResponse> => ({
  topics: [{ topicName: 'm', partitions: [{ partitionIndex: 0, leaderEpoch: epoch, voteGranted: true }] }],
})

test('versions are agreed on first, then requests are pipelined and answered in order', async () => {
  const { ask, remotes } = setUp()
  const answers = [ask(1), ask(2), ask(3)]
  assert.equal(remotes.length, 1)
  const remote = remotes[0]!
  assert.deepEqual(remote.requests, [], 'nothing is sent before the connection is there')
  remote.events.opened()
  assert.deepEqual(
    remote.requests.map(({ key, version, clientId }) => [key, version, clientId]),
    [[18, 4, 'node-7']],
  )
  remote.agree()
  assert.deepEqual(
    remote.requests.slice(1).map(({ key, version }) => [key, version]),
    [
      [52, 2],
      [52, 2],
      [52, 2],
    ],
  )
  for (const index of [1, 2, 3]) remote.vote(index, granted(index))
  const epochs = (await Promise.all(answers)).map((answer) => answer.topics[0]!.partitions[0]!.leaderEpoch)
  assert.deepEqual(epochs, [1, 2, 3])
})

test('the newest version that both sides speak is used, and no newer than was asked for', async () => {
  const { ask, remotes } = setUp()
  const first = ask(1)
  remotes[0]!.events.opened()
  remotes[0]!.agree([[52, 0, 1]])
  const second = ask(2, { versionMax: 0 })
  assert.deepEqual(
    remotes[0]!.requests.slice(1).map((request) => request.version),
    [1, 0],
  )
  remotes[0]!.vote(1, granted(1))
  remotes[0]!.vote(2, granted(2))
  await Promise.all([first, second])
})

test('what the other side cannot be told in any version is not sent', async () => {
  const { ask, remotes } = setUp()
  const preVote = ask(1, { preVote: true })
  remotes[0]!.events.opened()
  remotes[0]!.agree([[52, 0, 1]])
  await assert.rejects(preVote, { code: 'UNSUPPORTED_VERSION' })
  const plain = ask(1)
  assert.equal(remotes[0]!.requests.length, 2, 'the connection lives on')
  remotes[0]!.vote(1, granted(1))
  await plain
})

test('an API that the other side does not have is refused here', async () => {
  const { ask, remotes } = setUp()
  const vote = ask(1)
  remotes[0]!.events.opened()
  remotes[0]!.agree([[1, 4, 18]])
  await assert.rejects(vote, { code: 'UNSUPPORTED_VERSION', retriable: false })
})

test('a node that does not know our ApiVersions is asked again in a version of its own', async () => {
  const { ask, remotes } = setUp()
  const vote = ask(1)
  const remote = remotes[0]!
  remote.events.opened()
  remote.refuseApiVersions(3)
  assert.deepEqual(
    remote.requests.map((request) => request.version),
    [4, 3],
  )
  remote.requests.shift()
  remote.agree()
  remote.vote(1, granted(1))
  await vote
})

test('each purpose has a connection of its own', () => {
  const { ask, remotes } = setUp()
  void ask(1).catch(() => {})
  void ask(2, { purpose: 'fetch' }).catch(() => {})
  void ask(3, { purpose: 'fetch' }).catch(() => {})
  assert.equal(remotes.length, 2)
})

test('a request that is not answered in time ends, and its connection with it', async () => {
  const { ask, remotes, timers } = setUp()
  const [late, behind] = [ask(1), ask(2)]
  remotes[0]!.events.opened()
  remotes[0]!.agree()
  timers[0]!.fire()
  await assert.rejects(late, { code: 'TIMED_OUT', retriable: true })
  await assert.rejects(behind, { code: 'TIMED_OUT' })
  assert.ok(remotes[0]!.destroyed)
  assert.ok(timers.slice(1).every((timer) => timer.cancelled))
  void ask(3).catch(() => {})
  assert.equal(remotes.length, 2, 'the next request makes a new connection')
})

test('requests under way end when the connection breaks, and the next one connects at once', async () => {
  const { ask, remotes } = setUp()
  const vote = ask(1)
  remotes[0]!.events.opened()
  remotes[0]!.agree()
  remotes[0]!.events.closed(new Error('ECONNRESET'))
  await assert.rejects(vote, { code: 'DISCONNECTED' })
  void ask(2).catch(() => {})
  assert.equal(remotes.length, 2)
})

test('a node that cannot be reached is left alone for a while that grows', async () => {
  const { ask, pass, remotes } = setUp()
  const pauses: number[] = []
  for (let round = 0; round < 6; round++) {
    const vote = ask(round)
    remotes.at(-1)!.events.closed(new Error('ECONNREFUSED'))
    await assert.rejects(vote, { code: 'UNREACHABLE' })
    let pauseMs = 0
    const before = remotes.length
    while (remotes.length === before) {
      const early = ask(round)
      if (remotes.length > before) {
        remotes.at(-1)!.events.closed(new Error('ECONNREFUSED'))
        await assert.rejects(early, { code: 'UNREACHABLE' })
        break
      }
      await assert.rejects(early, /ECONNREFUSED; tried again/)
      pass(5)
      pauseMs += 5
    }
    pauses.push(pauseMs)
    pass(1000)
  }
  assert.ok(pauses[0]! < 50, String(pauses))
  assert.ok(pauses.at(-1)! >= 250 && pauses.at(-1)! <= 505, String(pauses))
})

test('an aborted request ends at once; its answer is dropped, the one behind it is not', async () => {
  const { ask, remotes } = setUp()
  const controller = new AbortController()
  const [first, second] = [ask(1, { signal: controller.signal }), ask(2)]
  remotes[0]!.events.opened()
  remotes[0]!.agree()
  controller.abort()
  await assert.rejects(first, { code: 'ABORTED' })
  remotes[0]!.vote(1, granted(1))
  remotes[0]!.vote(2, granted(2))
  assert.equal((await second).topics[0]!.partitions[0]!.leaderEpoch, 2)
  await assert.rejects(ask(3, { signal: controller.signal }), { code: 'ABORTED' })
})

test('an answer that cannot be read, or is another’s, closes the connection', async () => {
  for (const bytes of [
    [0, 0, 0, 4, 0, 0, 0, 99],
    [0, 0, 0, 5, 0, 0, 0, 1, 255],
    [255, 255, 255, 255],
  ]) {
    const { ask, remotes } = setUp()
    const vote = ask(1)
    remotes[0]!.events.opened()
    remotes[0]!.agree()
    remotes[0]!.events.received(Uint8Array.from(bytes))
    await assert.rejects(vote, { code: 'MALFORMED' })
    assert.ok(remotes[0]!.destroyed)
  }
})

test('too many requests to one node are refused', async () => {
  const { ask } = setUp()
  for (let n = 0; n < 256; n++) void ask(n).catch(() => {})
  await assert.rejects(ask(256), { code: 'QUEUE_FULL' })
})

test('closing ends everything', async () => {
  const { ask, peers, remotes } = setUp()
  const vote = ask(1)
  await peers.close()
  await assert.rejects(vote, (error) => error instanceof PeerError && error.code === 'CLOSED')
  await assert.rejects(ask(2), { code: 'CLOSED' })
  assert.ok(remotes[0]!.destroyed)
})
