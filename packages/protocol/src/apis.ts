/**
 * The table of APIs: every request with its response, and the rules of header versions.
 *
 * Source: KIP-511 and KIP-482 for the headers. ApiVersions answers with header version 0 whatever was asked, because
 * its client does not know yet what the broker speaks.
 */
import { ProtocolError } from './errors.ts'
import type { Message } from './message.ts'
import * as all from './messages.ts'

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

/** Every API, sorted by key. */
export const APIS: readonly Api[] = collectApis()

const byKey: (Api | undefined)[] = []
for (const api of APIS) byKey[api.key] = api
const byName = new Map(APIS.map((api) => [api.name, api]))

/** @returns `undefined` for a key that nobody declares. */
export function apiByKey(key: number): Api | undefined {
  return key >= 0 && key < byKey.length ? byKey[key] : undefined
}

export function apiByName(name: string): Api | undefined {
  return byName.get(name)
}

/**
 * Version of the header in front of a request. Versions that we do not know are judged by the newest rule, so that the
 * header of a future ApiVersions request can be read and answered.
 * @throws ProtocolError for an unknown key
 */
export function requestHeaderVersion(key: number, version: number): 1 | 2 {
  return knownApi(key).request.isFlexible(version) ? 2 : 1
}

/** @throws ProtocolError for an unknown key */
export function responseHeaderVersion(key: number, version: number): 0 | 1 {
  if (key === API_VERSIONS_KEY) return 0
  return knownApi(key).response.isFlexible(version) ? 1 : 0
}

function knownApi(key: number): Api {
  const api = apiByKey(key)
  if (api === undefined) throw new ProtocolError('UNKNOWN_API', `no API has key ${key}`)
  return api
}

function collectApis(): Api[] {
  const messages: readonly Message[] = Object.values(all)
  const responses = new Map(messages.filter((each) => each.kind === 'response').map((each) => [each.key, each]))
  return messages
    .filter((each) => each.kind === 'request')
    .map((request) => ({
      key: request.key!,
      name: request.name.replace(/Request$/, ''),
      request,
      response: responses.get(request.key)!,
      listeners: request.listeners!,
      versionMin: request.versionMin,
      versionMax: request.versionMax,
      versionMaxStable: request.latestVersionUnstable === true ? request.versionMax - 1 : request.versionMax,
    }))
    .sort((a, b) => a.key - b.key)
}
