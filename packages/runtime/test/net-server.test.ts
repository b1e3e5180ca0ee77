/** The listener in both read modes: same behaviour, whichever way the bytes come in. */
import assert from 'node:assert/strict'
import * as net from 'node:net'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { listen, ListenError, type ReadMode, type AcceptedSocket, type SocketReceiver } from '@braidlog/runtime'

/** Collects what arrives through a small target, so that one read spans many calls. */
class Collector implements SocketReceiver {
  readonly socket: AcceptedSocket
  readonly chunks: Buffer[] = []
  readonly #target = Buffer.alloc(1000)
  closedWith: { error: Error | undefined } | undefined
  onChange: () => void = () => {}

  constructor(socket: AcceptedSocket) {
    this.socket = socket
  }
  readTarget(): Uint8Array {
    return this.#target
  }
  received(sizeBytes: number): void {
    this.chunks.push(Buffer.from(this.#target.subarray(0, sizeBytes)))
    this.onChange()
  }
  drained(): void {}
  closed(error: Error | undefined): void {
    this.closedWith = { error }
    this.onChange()
  }
  bytes(): Buffer {
    return Buffer.concat(this.chunks)
  }
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => (this.onChange = resolve))
  }
}

async function connected(mode: ReadMode) {
  let accepted: (collector: Collector) => void
  const first = new Promise<Collector>((resolve) => (accepted = resolve))
  const server = await listen({ host: '127.0.0.1', port: 0, mode }, (socket) => {
    const collector = new Collector(socket)
    accepted(collector)
    return collector
  })
  const client = net.connect(server.port, '127.0.0.1')
  await once(client, 'connect')
  return { server, client, collector: await first }
}

for (const mode of ['direct', 'data'] as const) {
  describe(`a listener in '${mode}' mode`, () => {
    it('hands over every byte in order, however the target cuts them', async () => {
      const { server, client, collector } = await connected(mode)
      assert.equal(server.mode, mode)
      const sent = Buffer.from(Array.from({ length: 100_000 }, (_, i) => i & 0xff))
      client.write(sent)
      await collector.until(() => collector.bytes().length >= sent.length)
      assert.deepEqual(collector.bytes(), sent)
      client.destroy()
      await collector.until(() => collector.closedWith !== undefined)
      assert.equal(server.connectionCount(), 0)
      await server.close()
    })

    it('writes gathered chunks in order and says when they are sent', async () => {
      const { server, client, collector } = await connected(mode)
      const chunks = [Buffer.from('one'), Buffer.alloc(300_000, 0x61), Buffer.from('three')]
      const received: Buffer[] = []
      client.on('data', (chunk: Buffer) => received.push(chunk))
      await new Promise<void>((sent) => collector.socket.write(chunks, 300_008, sent, () => {}))
      assert.equal(collector.socket.unsentBytes, 0)
      collector.socket.end()
      await once(client, 'close')
      assert.deepEqual(Buffer.concat(received), Buffer.concat(chunks))
      await server.close()
    })

    it('stops reading while paused and goes on where it stopped', async () => {
      const { server, client, collector } = await connected(mode)
      client.write('abc')
      await collector.until(() => collector.bytes().length === 3)
      collector.socket.pauseReading()
      const sent = new Promise<void>((resolve) => client.write('def', () => resolve()))
      await sent
      await new Promise((resolve) => setImmediate(resolve))
      assert.equal(collector.bytes().toString(), 'abc')
      collector.socket.resumeReading()
      await collector.until(() => collector.bytes().length === 6)
      assert.equal(collector.bytes().toString(), 'abcdef')
      client.destroy()
      await collector.until(() => collector.closedWith !== undefined)
      await server.close()
    })

    it('reports a client that went away, also while nothing is being sent', async () => {
      const { server, client, collector } = await connected(mode)
      client.end()
      await collector.until(() => collector.closedWith !== undefined)
      assert.equal(collector.closedWith?.error, undefined)
      await server.close()
    })

    it('turns away connections above the limit and keeps the others', async () => {
      const refused: string[] = []
      const collectors: Collector[] = []
      const server = await listen(
        { host: '127.0.0.1', port: 0, mode, connectionsMax: 1, onRefused: (_, reason) => refused.push(reason) },
        (socket) => {
          const collector = new Collector(socket)
          collectors.push(collector)
          return collector
        },
      )
      const one = net.connect(server.port, '127.0.0.1')
      await once(one, 'connect')
      one.write('x')
      const two = net.connect(server.port, '127.0.0.1')
      two.on('error', () => {})
      await once(two, 'close')
      assert.match(refused[0]!, /max\.connections/)
      await collectors[0]!.until(() => collectors[0]!.bytes().length === 1)
      one.destroy()
      await collectors[0]!.until(() => collectors[0]!.closedWith !== undefined)
      await server.close()
    })
  })
}

describe('listen', () => {
  it('names address, port and reason when the port is taken', async () => {
    const refuse = (): SocketReceiver => {
      throw new Error('nobody connects here')
    }
    const first = await listen({ host: '127.0.0.1', port: 0 }, refuse)
    await assert.rejects(listen({ host: '127.0.0.1', port: first.port }, refuse), (error) => {
      assert(error instanceof ListenError)
      assert.equal(error.code, 'EADDRINUSE')
      assert.match(error.message, new RegExp(`127.0.0.1:${first.port}.*taken`))
      return true
    })
    await first.close()
  })
})
