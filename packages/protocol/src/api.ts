/**
 * What an API is: a request and its response under one key, and which header versions they travel with.
 *
 * Source: KIP-511 and KIP-482 for the headers. ApiVersions answers with header version 0 whatever was asked, because
 * its client does not know yet what the broker speaks.
 */
import type { Message } from './message.ts'

export interface Api {
  readonly key: number
  /** Apache Kafka's name, such as `Fetch`. */
  readonly name: string
  readonly request: Message
  readonly response: Message
  readonly listeners: readonly ('broker' | 'controller')[]
  readonly versionMin: number
  readonly versionMax: number
  /** Highest version that is advertised unless unstable versions are enabled. */
  readonly versionMaxStable: number
}

/** Key of ApiVersions, the one request that is answered in any version. */
export const API_VERSIONS_KEY = 18

export function apiOf(request: Message, response: Message): Api {
  return {
    key: request.key!,
    name: request.name.replace(/Request$/, ''),
    request,
    response,
    listeners: request.listeners!,
    versionMin: request.versionMin,
    versionMax: request.versionMax,
    versionMaxStable: request.latestVersionUnstable === true ? request.versionMax - 1 : request.versionMax,
  }
}

/** Version of the header in front of a request. Of versions that we do not know, the newest rule is taken. */
export function headerVersionOfRequest(request: Pick<Message, 'isFlexible'>, version: number): 1 | 2 {
  return request.isFlexible(version) ? 2 : 1
}

export function headerVersionOfResponse(response: Pick<Message, 'key' | 'isFlexible'>, version: number): 0 | 1 {
  return response.key !== API_VERSIONS_KEY && response.isFlexible(version) ? 1 : 0
}
