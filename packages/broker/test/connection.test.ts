/** The connection layer alone, over loopback, with handlers of the tests' own. */
import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { silentLogger, SeededRandom, below } from '@braidlog/base'
import { systemClock, systemTimers, type ReadMode } from '@braidlog/runtime'
import { Connections } from '../src/connections.ts'
import type { Exchange } from '../src/exchange.ts'
import type { ApiHandler } from '../src/handler.ts'
import { defaultConnectionLimits, type ConnectionLimits } from '../src/limits.ts'
import { newBrokerMetrics } from '../src/metrics.ts'
import { Pipeline } from '../src/pipeline.ts'
import { WireClient } from './wire.ts'

type Handle = (exchange: Exchange, body: Uint8Array) => void

/** Answers key 3 with whatever `handle` decides; the version stands for nothing. */
function handlerOf(handle: Handle, pipelined: boolean): ApiHandler {
  return {
    key: 3,
    name: 'Metadata',
    versionMin: 0,
    versionMax: 0,
    advertisedMin: 0,
    pipelined,
    authorized: false,
    handle: (exchange, bytes, at, end) => handle(exchange, bytes.subarray(at, end)),
  }
}

function frameOf(body: Uint8Array, correlationId = 7): Buffer {
  const frame = Buffer.alloc(14 + body.length)
  frame.writeInt32BE(frame.length - 4, 0)
  frame.writeInt16BE(3, 4)
  frame.writeInt32BE(correlationId, 8)
  frame.writeInt16BE(-1, 12)
  frame.set(body, 14)
  return frame
}

function responseOf(exchange: Exchange, body: Uint8Array): Buffer {
  const frame = Buffer.alloc(8 + body.length)
  frame.writeInt32BE(frame.length - 4, 0)
  frame.writeInt32BE(exchange.correlationId, 4)
  frame.set(body, 8)
  return frame
}

const echo: Handle = (exchange, body) => exchange.respond([responseOf(exchange, body)])

describe('connections', () => {
  let open: Connections | undefined

  async function serve(
    handle: Handle,
    options: { limits?: Partial<ConnectionLimits>; pipelined?: boolean; readMode?: ReadMode } = {},
  ) {
    const metrics = newBrokerMetrics(0)
    const connections = new Connections({
      limits: { ...defaultConnectionLimits, ...options.limits },
      clock: systemClock,
      timers: systemTimers,
      logger: silentLogger,
      metrics,
      readMode: options.readMode ?? 'direct',
    })
    open = connections
    const server = await connections.listen('PLAINTEXT', '127.0.0.1', 0)
    connections.serve(new Pipeline([handlerOf(handle, options.pipelined ?? false)], metrics))
    return { connections, metrics, client: await WireClient.connect(server.port), port: server.port }
  }

  afterEach(async () => {
    open?.closeAll('the test is over')
    await open?.stopListening()
  })

  for (const readMode of ['direct', 'data'] as const) {
    for (const pipelined of [false, true]) {
      it(`echoes frames of all sizes in order, however they are cut (${readMode}, pipelined: ${pipelined})`, async () => {
        const random = new SeededRandom(42)
        const { client, connections, metrics } = await serve(echo, { readMode, pipelined })
        const bodies: Buffer[] = []
        for (let i = 0; i < 120; i++) {
          const size = below(random, 10) === 0 ? below(random, 3_000_000) : below(random, 2000)
          bodies.push(Buffer.alloc(size, i + 1))
        }
        const stream = Buffer.concat(bodies.map((body, i) => frameOf(body, i)))
        const received = (async () => {
          for (let i = 0; i < bodies.length; i++) {
            const frame = await client.frame()
            assert(frame !== undefined)
            assert.equal(Buffer.from(frame).readInt32BE(0), i)
            assert(bodies[i]!.equals(frame.subarray(4)), `body ${i}`)
          }
        })()
        for (let at = 0; at < stream.length;) {
          const size = below(random, 3) === 0 ? 1 + below(random, 100) : 1 + below(random, 700_000)
          client.write(stream.subarray(at, at + size))
          at += size
          if (below(random, 4) === 0) await new Promise((resolve) => setImmediate(resolve))
        }
        await received
        assert.equal(connections.memory.usedBytes, 0, 'no slab is left behind')
        assert(metrics.turns.count > 0 && metrics.turns.maxMs >= metrics.turns.quantileMs(0.5) / 1.25)
        client.close()
      })
    }
  }

  it('keeps the order of responses when later requests are ready first', async () => {
    const waiting: [Exchange, Uint8Array][] = []
    const { client } = await serve(
      (exchange, body) => {
        waiting.push([exchange, Uint8Array.prototype.slice.call(body)])
        if (waiting.length < 3) return
        for (const [each, bytes] of waiting.toReversed()) each.respond([responseOf(each, bytes)])
      },
      { pipelined: true },
    )
    client.write(Buffer.concat([1, 2, 3].map((i) => frameOf(Buffer.from([i]), i))))
    for (const i of [1, 2, 3]) assert.equal(Buffer.from((await client.frame())!).readInt32BE(0), i)
  })

  it('takes up no second request before the first is answered, unless pipelined', async () => {
    const seen: Exchange[] = []
    let arrived: () => void = () => {}
    const { client } = await serve((exchange) => {
      seen.push(exchange)
      arrived()
    })
    const first = new Promise<void>((resolve) => (arrived = resolve))
    client.write(Buffer.concat([frameOf(Buffer.alloc(10), 1), frameOf(Buffer.alloc(10), 2)]))
    await first
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(seen.length, 1)
    const second = new Promise<void>((resolve) => (arrived = resolve))
    seen[0]!.respond([responseOf(seen[0]!, Buffer.alloc(0))])
    await second
    assert.equal(seen[1]!.correlationId, 2)
  })

  it('does not read from a client that floods a blocked connection', async () => {
    const seen: Exchange[] = []
    const { client, connections, metrics } = await serve((exchange) => seen.push(exchange))
    const flood = Buffer.concat(Array.from({ length: 2000 }, (_, i) => frameOf(Buffer.alloc(10_000), i)))
    client.write(flood)
    while (metrics.bytesReceived < 100_000) await new Promise((resolve) => setImmediate(resolve))
    for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve))
    assert.equal(seen.length, 1)
    assert(connections.memory.usedBytes <= 2 << 20, `${connections.memory.usedBytes} bytes are held`)
    assert(metrics.bytesReceived < 2 << 20)
  })

  it('stops serving a client that never reads, and holds little for it', async () => {
    let served = 0
    const answer = Buffer.alloc(1 << 20)
    const { client, port, metrics } = await serve(
      (exchange, body) => {
        served++
        exchange.respond([responseOf(exchange, body.length === 0 ? answer : Buffer.from('ok'))])
      },
      { limits: { unsentBytesMax: 1 << 20 }, pipelined: true },
    )
    client.socket.pause()
    client.write(Buffer.concat(Array.from({ length: 100 }, (_, i) => frameOf(Buffer.alloc(0), i))))
    const other = await WireClient.connect(port)
    for (let i = 0; i < 50; i++) {
      other.write(frameOf(Buffer.from('x'), i))
      assert.equal(Buffer.from((await other.frame())!).toString('latin1', 4), 'ok')
    }
    assert(served - 50 < 30, `${served - 50} megabytes were prepared for a client that reads nothing`)
    assert(metrics.connectionsOpen === 2)
    // It may come back to life: everything is answered after all.
    client.socket.resume()
    for (let i = 0; i < 100; i++) assert.equal((await client.frame())!.length, 4 + answer.length)
  })

  it('gives a client that sends one byte at a time its answer, and holds memory in proportion', async () => {
    const { client, connections } = await serve(echo)
    const frame = frameOf(Buffer.from('slow'), 9)
    frame.writeInt32BE(frame.length - 4, 0)
    for (let i = 0; i < frame.length; i++) {
      client.write(frame.subarray(i, i + 1))
      await new Promise((resolve) => setImmediate(resolve))
      assert(connections.memory.usedBytes <= 16 << 10)
    }
    assert.equal(Buffer.from((await client.frame())!).toString('latin1', 4), 'slow')
  })

  it('does not believe an announced size: memory follows the bytes that arrive', async () => {
    const { client, connections } = await serve(echo)
    const prefix = Buffer.alloc(1000)
    prefix.writeInt32BE(100 << 20, 0)
    client.write(prefix)
    while (connections.memory.usedBytes === 0) await new Promise((resolve) => setImmediate(resolve))
    assert.equal(connections.memory.usedBytes, 16 << 10)
  })

  for (const [size, pattern] of [
    [-1, /-1 bytes/],
    [0, /0 bytes/],
    [(100 << 20) + 1, /socket\.request\.max\.bytes/],
    [0x47455420, /HTTP/],
    [0x16030100, /TLS/],
  ] as const) {
    it(`closes the connection when a frame of ${size} bytes is announced, with a reason`, async () => {
      const { client, connections, metrics } = await serve(echo)
      const reasons: string[] = []
      const refused = connections.onRefused.bind(connections)
      connections.onRefused = (connection, reason) => {
        reasons.push(reason)
        refused(connection, reason)
      }
      const prefix = Buffer.alloc(8)
      prefix.writeInt32BE(size, 0)
      client.write(prefix)
      await client.untilClosed()
      assert.match(reasons[0]!, pattern)
      assert.equal(metrics.connectionsRefused, 1)
      assert.equal(connections.memory.usedBytes, 0)
    })
  }

  it('lets half requests wait for each other without a deadlock when memory is short', async () => {
    const { port, connections } = await serve(echo, { limits: { requestMemoryMaxBytes: 64 << 10 } })
    const clients = await Promise.all(Array.from({ length: 6 }, () => WireClient.connect(port)))
    const body = Buffer.alloc(400_000, 5)
    for (const client of clients) client.write(frameOf(body).subarray(0, 20_000))
    while (connections.memory.usedBytes < 64 << 10) await new Promise((resolve) => setImmediate(resolve))
    for (const client of clients) client.write(frameOf(body).subarray(20_000))
    for (const client of clients) assert.equal((await client.frame())!.length, 4 + body.length)
    assert.equal(connections.memory.usedBytes, 0)
    for (const client of clients) client.close()
  })

  it('tells parked requests that their client has gone', async () => {
    let gone: () => void = () => {}
    const closed = new Promise<void>((resolve) => (gone = resolve))
    const { client } = await serve((exchange) => {
      exchange.onClosed = gone
      client.close()
    })
    client.write(frameOf(Buffer.alloc(0)))
    await closed
  })

  it('closes idle connections, not those with a request in work', async () => {
    const { client, port } = await serve((exchange, body) => void (body.length > 0 && echo(exchange, body)), {
      limits: { idleMaxMs: 60 },
    })
    const busy = await WireClient.connect(port)
    busy.write(frameOf(Buffer.alloc(0)))
    client.write(frameOf(Buffer.from('x')))
    await client.frame()
    await client.untilClosed()
    assert.equal(busy.closed, false)
  })
})
