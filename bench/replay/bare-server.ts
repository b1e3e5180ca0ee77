/**
 * What is left of a server without the server: takes replayed produce requests, writes their batches into a file for each
 * connection, and acknowledges. Nothing is checked, indexed or kept for readers. That is what one event loop of Node.js can do at
 * most, in the way that ours does it: sockets that read into memory which is kept, one write for each batch, gathered answers.
 *
 * Arguments: a directory, and how batches are written: `loop`, `pool`, or `none`. Prints `listening <port>`.
 */
import { openSync, write, writeSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { encodeResponse, ProduceResponse } from '@braidlog/protocol'
import { listen, type AcceptedSocket, type SocketReceiver } from '@braidlog/runtime'
import { produceHeadSizeBytes, type Place } from './frames.ts'

export type BareWrites = 'loop' | 'pool' | 'none'

const prefixSizeBytes = 4
/** Of a connection: the largest frame and what follows it. */
const bufferSizeBytes = 4 << 20

class BareConnection implements SocketReceiver {
  readonly #socket: AcceptedSocket
  readonly #writes: BareWrites
  readonly #file: number
  readonly #ack: Uint8Array
  readonly #place: Place
  #buffer = Buffer.allocUnsafeSlow(bufferSizeBytes)
  #spare: Buffer<ArrayBuffer>[] = []
  #end = 0
  #position = 0

  constructor(socket: AcceptedSocket, options: { file: number; writes: BareWrites; place: Place }) {
    this.#socket = socket
    this.#file = options.file
    this.#writes = options.writes
    this.#place = options.place
    this.#ack = acknowledgement(options.place)
  }

  readTarget(): Uint8Array {
    return this.#buffer.subarray(this.#end)
  }

  received(sizeBytes: number): void {
    this.#end += sizeBytes
    const acks: Uint8Array[] = []
    let at = 0
    while (this.#end - at >= prefixSizeBytes) {
      const next = at + prefixSizeBytes + this.#buffer.readInt32BE(at)
      if (next > this.#end) break
      this.#append(at + produceHeadSizeBytes(this.#place), next, acks)
      at = next
    }
    this.#keepRest(at)
    if (acks.length > 0) this.#send(acks)
  }

  drained(): void {}

  closed(): void {}

  #append(start: number, end: number, acks: Uint8Array[]): void {
    const position = this.#position
    this.#position += end - start
    if (this.#writes !== 'pool') {
      if (this.#writes === 'loop') writeSync(this.#file, this.#buffer, start, end - start, position)
      acks.push(this.#ack)
      return
    }
    const buffer = this.#buffer
    write(this.#file, buffer, start, end - start, position, (error) => {
      if (error) throw error
      this.#spare.push(buffer)
      this.#send([this.#ack])
    })
  }

  /** What begins another frame goes to the front, in memory that nobody writes from. */
  #keepRest(at: number): void {
    if (at === 0) return
    const from = this.#buffer
    if (this.#writes === 'pool') this.#buffer = this.#spare.pop() ?? Buffer.allocUnsafeSlow(bufferSizeBytes)
    from.copy(this.#buffer, 0, at, this.#end)
    this.#end -= at
  }

  #send(acks: readonly Uint8Array[]): void {
    const bytes = acks.length === 1 ? acks[0]! : Buffer.concat(acks)
    this.#socket.write([bytes], bytes.length, undefined, () => {})
  }
}

function acknowledgement({ topic, partition }: Place): Uint8Array {
  const partitionResponses = [{ index: partition, errorCode: 0, baseOffset: 0, logAppendTimeMs: -1, logStartOffset: 0 }]
  const body = { responses: [{ name: topic, partitionResponses }] }
  return Buffer.concat(encodeResponse(ProduceResponse, { apiVersion: 7, correlationId: 0 }, body))
}

const [directory = '.', writes = 'loop', topic = ''] = process.argv.slice(2)
let connections = 0
const server = await listen({ host: '127.0.0.1', port: 0 }, (socket) => {
  const file = openSync(join(directory, `${connections++}.log`), 'w')
  return new BareConnection(socket, { file, writes: writes as BareWrites, place: { topic, partition: 0 } })
})
process.stdout.write(`listening ${server.port}\n`)
