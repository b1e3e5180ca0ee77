/** A raw client for tests: frames in, frames out, nothing clever. */
import { once } from 'node:events'
import * as net from 'node:net'
import {
  decodeResponse,
  encodeRequest,
  FrameSplitter,
  type Fields,
  type InferFields,
  type Input,
  type Message,
} from '@braidlog/protocol'

export class WireClient {
  readonly socket: net.Socket
  readonly #splitter = new FrameSplitter(1 << 30)
  readonly #frames: Uint8Array[] = []
  #wake: () => void = () => {}
  #nextCorrelationId = 1
  closed = false

  private constructor(socket: net.Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      for (const frame of this.#splitter.push(chunk)) this.#frames.push(Uint8Array.prototype.slice.call(frame))
      this.#wake()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.closed = true
      this.#wake()
    })
  }

  static async connect(port: number, host = '127.0.0.1'): Promise<WireClient> {
    const socket = net.connect(port, host)
    const client = new WireClient(socket)
    await once(socket, 'connect')
    socket.setNoDelay(true)
    return client
  }

  /** The next whole frame without its prefix; `undefined` when the server closed the connection. */
  async frame(): Promise<Uint8Array | undefined> {
    while (this.#frames.length === 0) {
      if (this.closed) return undefined
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
    return this.#frames.shift()
  }

  async untilClosed(): Promise<void> {
    while (!this.closed) await new Promise<void>((resolve) => (this.#wake = resolve))
  }

  write(bytes: Uint8Array): void {
    this.socket.write(bytes)
  }

  /** Sends without waiting. @returns the correlation id */
  send<F extends Fields>(
    request: Message<F>,
    apiVersion: number,
    body: Input<InferFields<F>>,
    clientId = 'test',
  ): number {
    const correlationId = this.#nextCorrelationId++
    this.write(Buffer.concat(encodeRequest(request, { apiVersion, correlationId, clientId }, body)))
    return correlationId
  }

  async receive<F extends Fields>(response: Message<F>, apiVersion: number): Promise<InferFields<F>> {
    const frame = await this.frame()
    if (frame === undefined) throw new Error('the server closed the connection')
    return decodeResponse(response, apiVersion, frame).body
  }

  async call<Request extends Fields, Response extends Fields>(
    request: Message<Request>,
    response: Message<Response>,
    apiVersion: number,
    body: Input<InferFields<Request>>,
  ): Promise<InferFields<Response>> {
    this.send(request, apiVersion, body)
    return await this.receive(response, apiVersion)
  }

  close(): void {
    this.socket.destroy()
  }
}
