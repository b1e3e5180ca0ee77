/** The table of APIs: every request with its response, by key and by name. */
import { apiOf, headerVersionOfRequest, headerVersionOfResponse, type Api } from './api.ts'
import { ProtocolError } from './errors.ts'
import type { Message } from './message.ts'
import * as all from './messages.ts'

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
  return headerVersionOfRequest(knownApi(key).request, version)
}

/** @throws ProtocolError for an unknown key */
export function responseHeaderVersion(key: number, version: number): 0 | 1 {
  return headerVersionOfResponse(knownApi(key).response, version)
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
    .map((request) => apiOf(request, responses.get(request.key)!))
    .sort((a, b) => a.key - b.key)
}
