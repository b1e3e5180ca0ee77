/**
 * Envelope (API key 58): a request that a broker forwards for its client. It is served as if the client had sent it here,
 * with the client's rights; only requests that clients may make of any broker can be forwarded.
 * Source: KIP-590.
 */
import { ControllerError } from '@braidlog/controller'
import { AclOperation, ErrorCode, type Authorizer } from '@braidlog/model'
import {
  EnvelopeRequest,
  EnvelopeResponse,
  FRAME_PREFIX_SIZE,
  ProtocolError,
  Reader,
  readRequestHeader,
} from '@braidlog/protocol'
import { Access, clusterGuard } from '../access.ts'
import { decodeAddress, decodePrincipal } from '../envelope.ts'
import { api, type ApiHandler, type RequestContext } from '../handler.ts'

/** The requests that brokers of Apache Kafka 4.3 forward. */
const FORWARDABLE: ReadonlySet<number> = new Set([
  19, 20, 30, 31, 33, 37, 38, 39, 40, 43, 44, 45, 46, 49, 51, 55, 57, 64, 67, 80, 81,
])

export interface EnvelopeOptions {
  /** All that can be inside. */
  readonly handlers: readonly ApiHandler[]
  readonly authorizer: Authorizer | undefined
  readonly isActive: () => boolean
}

export function envelopeHandler({ handlers, authorizer, isActive }: EnvelopeOptions): ApiHandler {
  const byKey = new Map(handlers.filter(({ key }) => FORWARDABLE.has(key)).map((handler) => [handler.key, handler]))
  return api(
    EnvelopeRequest,
    EnvelopeResponse,
    async (request, outer) => {
      if (!isActive()) return { errorCode: ErrorCode.NOT_CONTROLLER }
      const opened = open(request, outer, authorizer)
      if (typeof opened === 'number') return { errorCode: opened }
      const { reader, header, context } = opened
      const handler = byKey.get(header.requestApiKey)
      if (handler?.serveInner === undefined) return { errorCode: ErrorCode.INVALID_REQUEST }
      const { apiVersion } = context
      if (apiVersion < handler.versionMin || apiVersion > handler.versionMax) {
        return { errorCode: ErrorCode.UNSUPPORTED_VERSION }
      }
      try {
        const frame = Buffer.concat(await handler.serveInner(reader, header.correlationId, context))
        return { responseData: frame.subarray(FRAME_PREFIX_SIZE) }
      } catch (error) {
        if (error instanceof ProtocolError) return { errorCode: ErrorCode.INVALID_REQUEST }
        if (error instanceof ControllerError && error.code === 'NOT_CONTROLLER') {
          return { errorCode: ErrorCode.NOT_CONTROLLER }
        }
        throw error
      }
    },
    { guard: clusterGuard(AclOperation.CLUSTER_ACTION, () => ({ errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED })) },
  )
}

function open(request: EnvelopeRequest, outer: RequestContext, authorizer: Authorizer | undefined) {
  const clientHost = decodeAddress(request.clientHostAddress)
  if (clientHost === undefined || request.requestPrincipal === null) return ErrorCode.INVALID_REQUEST
  let principal: string
  try {
    principal = decodePrincipal(request.requestPrincipal)
  } catch (error) {
    if (error instanceof ProtocolError) return ErrorCode.PRINCIPAL_DESERIALIZATION_FAILURE
    throw error
  }
  try {
    const reader = new Reader(request.requestData)
    const header = readRequestHeader(reader)
    const context: RequestContext = {
      apiVersion: header.requestApiVersion,
      clientId: header.clientId ?? '',
      clientHost,
      listenerName: outer.listenerName,
      access: authorizer && new Access(authorizer, principal, clientHost),
      exchange: outer.exchange,
    }
    return { reader, header, context }
  } catch (error) {
    if (error instanceof ProtocolError) return ErrorCode.INVALID_REQUEST
    throw error
  }
}
