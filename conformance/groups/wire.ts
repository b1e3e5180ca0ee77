/** One request, one connection, one answer: enough to ask a coordinator, and no answer waits behind another. */
import { connect } from 'node:net'
import { ProtocolError, Reader, RequestHeader, ResponseHeader, Writer } from '@braidlog/protocol'
import {
  requestHeaderVersion,
  responseHeaderVersion,
  type Fields,
  type InferFields,
  type Input,
  type Message,
} from '@braidlog/protocol'

export interface Peer {
  /** Sends a request and waits for its response, for ever if need be. */
  ask<Q extends Fields, P extends Fields>(
    messages: { readonly request: Message<Q>; readonly response: Message<P> },
    version: number,
    body: Input<InferFields<Q>>,
  ): Promise<InferFields<P>>
}

export function wirePeer(host: string, port: number, clientId = 'client'): Peer {
  return {
    ask({ request, response }, version, body) {
      const key = request.key!
      const writer = new Writer()
      const header = { requestApiKey: key, requestApiVersion: version, correlationId: 1, clientId }
      RequestHeader.write(writer, header, requestHeaderVersion(key, version))
      request.write(writer, body, version)
      const frame = writer.toBytes()
      const size = Buffer.alloc(4)
      size.writeInt32BE(frame.length)
      return new Promise((resolve, reject) => {
        const socket = connect({ host, port }, () => {
          socket.write(size)
          socket.write(frame)
        })
        let received = Buffer.alloc(0)
        socket.on('error', reject)
        socket.on('close', () => {
          reject(new Error(`${request.name} v${version}: the connection was closed`))
        })
        socket.on('data', (chunk) => {
          received = Buffer.concat([received, chunk])
          if (received.length < 4 || received.length < 4 + received.readInt32BE(0)) return
          try {
            const reader = new Reader(received.subarray(4))
            ResponseHeader.read(reader, responseHeaderVersion(key, version))
            resolve(response.readToEnd(reader, version))
          } catch (error) {
            reject(error instanceof ProtocolError ? error : new Error('unreadable answer', { cause: error }))
          }
          socket.destroy()
        })
      })
    },
  }
}
