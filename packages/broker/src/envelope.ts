/**
 * What travels inside an Envelope (KIP-590): a client's request with its header, who sent it and from where.
 *
 * The principal is an int16 version and a DefaultPrincipalData; the address its 4 or 16 bytes.
 */
import { assert } from '@braidlog/base'
import { ANONYMOUS_PRINCIPAL } from '@braidlog/model'
import {
  DefaultPrincipalData,
  encodeRequest,
  encodeResponse,
  FRAME_PREFIX_SIZE,
  ProtocolError,
  type Message,
  type RequestOptions,
  type ResponseOptions,
} from '@braidlog/protocol'

const PRINCIPAL_VERSION = 0
const VERSION_SIZE_BYTES = 2

/** @returns header and body, as `requestData` has them */
export function innerRequest(request: Message, options: RequestOptions, body: object): Uint8Array {
  return withoutPrefix(encodeRequest(request, options, body as Parameters<Message['encode']>[0]))
}

/** @returns header and body, as `responseData` has them */
export function innerResponse(response: Message, options: ResponseOptions, body: object): Uint8Array {
  return withoutPrefix(encodeResponse(response, options, body as Parameters<Message['encode']>[0]))
}

function withoutPrefix(chunks: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(chunks).subarray(FRAME_PREFIX_SIZE)
}

/** @param principal such as `User:alice` */
export function encodePrincipal(principal: string = ANONYMOUS_PRINCIPAL): Uint8Array {
  const at = principal.indexOf(':')
  assert(at > 0, 'a principal has a type')
  const message = DefaultPrincipalData.encode(
    { type: principal.slice(0, at), name: principal.slice(at + 1), tokenAuthenticated: false },
    PRINCIPAL_VERSION,
  )
  const bytes = new Uint8Array(VERSION_SIZE_BYTES + message.length)
  new DataView(bytes.buffer).setInt16(0, PRINCIPAL_VERSION)
  bytes.set(message, VERSION_SIZE_BYTES)
  return bytes
}

/** @returns such as `User:alice` @throws ProtocolError */
export function decodePrincipal(bytes: Uint8Array): string {
  if (bytes.length < VERSION_SIZE_BYTES) throw new ProtocolError('TRUNCATED', 'a principal of less than two bytes')
  const version = new DataView(bytes.buffer, bytes.byteOffset).getInt16(0)
  if (version !== PRINCIPAL_VERSION) {
    throw new ProtocolError('UNSUPPORTED_VERSION', `a principal of version ${version}`)
  }
  const { type, name } = DefaultPrincipalData.decode(bytes.subarray(VERSION_SIZE_BYTES), version)
  return `${type}:${name}`
}

const IPV4_SIZE_BYTES = 4
const IPV6_GROUPS = 8

/** @param address as sockets and access entries write it; a zone is left out */
export function encodeAddress(address: string): Uint8Array {
  const text = address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address
  if (/^\d+(?:\.\d+){3}$/.test(text)) return Uint8Array.from(text.split('.').map(Number))
  const [whole = ''] = text.split('%')
  const [head = '', tail] = whole.split('::')
  const groups = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16))
  const left = groups(head)
  const right = tail === undefined ? [] : groups(tail)
  const zeros = Array<number>(Math.max(0, IPV6_GROUPS - left.length - right.length)).fill(0)
  const all = [...left, ...zeros, ...right].slice(0, IPV6_GROUPS)
  return Uint8Array.from(all.flatMap((group) => [group >> 8, group & 0xff]))
}

/** @returns `undefined` when these are not the bytes of an address */
export function decodeAddress(bytes: Uint8Array): string | undefined {
  if (bytes.length === IPV4_SIZE_BYTES) return bytes.join('.')
  if (bytes.length !== 2 * IPV6_GROUPS) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return Array.from({ length: IPV6_GROUPS }, (_, group) => view.getUint16(2 * group).toString(16)).join(':')
}
