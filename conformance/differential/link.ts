/**
 * One connection to one server, asked one thing at a time; a connection that the server has closed is opened anew for the
 * next question. What comes back is the decoded body, or `closed`, or `silent` when there was no answer in time.
 */
import { connect, type Socket } from 'node:net'
import { decodeResponse, encodeRequest, FrameSplitter, type Message } from '@braidlog/protocol'

export type Answer = { readonly body: object } | 'closed' | 'silent'

const FRAME_SIZE_MAX = 256 << 20
const SILENT_MS = 10_000

export class Link implements Disposable {
  readonly #port: number
  #socket: Socket | undefined
  #take: ((frame: Uint8Array | 'closed') => void) | undefined
  #correlationId = 0

  constructor(port: number) {
    this.#port = port
  }

  async ask(
    messages: { readonly request: Message; readonly response: Message },
    version: number,
    body: object,
    silentMs = SILENT_MS,
  ): Promise<Answer> {
    const correlationId = ++this.#correlationId
    const options = { apiVersion: version, correlationId, clientId: 'differential' }
    const frame = await this.send(encodeRequest(messages.request, options, body), silentMs)
    if (!(frame instanceof Uint8Array)) return frame
    const view = new DataView(frame.buffer, frame.byteOffset)
    // An unsupported version is answered in another one, by ApiVersions only.
    if (view.getInt32(0) !== correlationId) throw new Error(`${messages.request.name} v${version}: another's answer`)
    return { body: decodeResponse(messages.response, version, frame).body }
  }

  /** @param chunks a whole frame, or what the server may take for one @returns the frame it answers with */
  async send(chunks: readonly Uint8Array[], silentMs = SILENT_MS): Promise<Uint8Array | 'closed' | 'silent'> {
    const socket = (this.#socket ??= await this.#open())
    const answered = new Promise<Uint8Array | 'closed'>((resolve) => (this.#take = resolve))
    for (const chunk of chunks) socket.write(chunk)
    let timer: NodeJS.Timeout | undefined
    const silent = new Promise<'silent'>((resolve) => (timer = setTimeout(resolve, silentMs, 'silent')))
    const answer = await Promise.race([answered, silent])
    clearTimeout(timer)
    if (answer === 'silent') this[Symbol.dispose]()
    return answer
  }

  [Symbol.dispose](): void {
    this.#take = undefined
    this.#socket?.destroy()
    this.#socket = undefined
  }

  #open(): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port: this.#port, noDelay: true }, () => resolve(socket))
      const splitter = new FrameSplitter(FRAME_SIZE_MAX)
      socket.on('data', (chunk) => {
        for (const frame of splitter.push(chunk)) if (this.#socket === socket) this.#take?.(frame)
      })
      socket.on('error', reject)
      socket.on('close', () => {
        if (this.#socket !== socket) return
        this.#socket = undefined
        this.#take?.('closed')
      })
    })
  }
}
