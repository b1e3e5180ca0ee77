/**
 * The declarations of requests, loaded when they are first used: a command that lists topics needs three of ninety.
 *
 * What every client needs is there from the start. The rest is loaded once, and until then its first request waits;
 * nothing whose order matters may be among it: a request that finds its API loaded overtakes one that waits.
 */
import { ApiVersionsRequest, ApiVersionsResponse } from '@braidlog/protocol/messages/18-api-versions'
import { FetchRequest, FetchResponse } from '@braidlog/protocol/messages/01-fetch'
import { MetadataRequest, MetadataResponse } from '@braidlog/protocol/messages/03-metadata'
import { ProduceRequest, ProduceResponse } from '@braidlog/protocol/messages/00-produce'
import { apiIndex, apiOf, type Api, type ApiEntry, type Message } from '@braidlog/protocol/wire'
import type { ApiName } from './apis.ts'

export const apiVersionsApi = apiOf(ApiVersionsRequest, ApiVersionsResponse)

const loaded = new Map<string, Api>(
  [
    apiVersionsApi,
    apiOf(MetadataRequest, MetadataResponse),
    apiOf(ProduceRequest, ProduceResponse),
    apiOf(FetchRequest, FetchResponse),
  ].map((api) => [api.name, api]),
)

/** What is known of an API without loading it. */
export function apiEntry(name: ApiName): ApiEntry {
  return apiIndex[name]
}

/** @returns `undefined`: not loaded yet, see `loadApi` */
export function loadedApi(name: ApiName): Api | undefined {
  return loaded.get(name)
}

export async function loadApi(name: ApiName): Promise<Api> {
  const module = (await apiIndex[name].load()) as Readonly<Record<string, Message>>
  const api = loaded.get(name) ?? apiOf(module[`${name}Request`]!, module[`${name}Response`]!)
  loaded.set(name, api)
  return api
}
