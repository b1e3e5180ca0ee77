/** What the configuration says about the schema registry that records are checked against. */
import type { LoadSchemaFormats, SchemaRegistrySettings } from '@braidlog/broker'
import type { BrokerConfigs } from '@braidlog/model'
import { ServerError } from './errors.ts'
import { HttpSchemaLookup, type RegistryAddress } from './schema-lookup.ts'

const URLS = 'confluent.schema.registry.url'
const USER = 'confluent.basic.auth.user.info'

/**
 * @returns `undefined`: there is none, and topics that ask for one take no records
 * @throws ServerError `INVALID_CONFIG`
 */
export function schemaRegistryOf(
  values: BrokerConfigs,
  formats: LoadSchemaFormats | undefined,
): SchemaRegistrySettings | undefined {
  if (values[URLS].length === 0) return undefined
  return {
    lookup: new HttpSchemaLookup(addressOf(values)),
    formats,
    timeoutMs: values['braidlog.schema.registry.timeout.ms'],
    outage: values['braidlog.schema.registry.outage'] === 'accept' ? 'accept' : 'refuse',
    cacheSize: values['braidlog.schema.cache.size'],
    cacheMs: values['braidlog.schema.cache.ms'],
    unknownMs: values['braidlog.schema.cache.unknown.ms'],
  }
}

function addressOf(values: BrokerConfigs): RegistryAddress {
  const urls = values[URLS].map(parseUrl)
  const token = values['confluent.bearer.auth.token']
  const user = values[USER]
  if (user !== null && !user.includes(':')) throw invalid(USER, 'must be user:password')
  const authorization =
    token !== null ? `Bearer ${token}` : user !== null ? `Basic ${Buffer.from(user).toString('base64')}` : undefined
  return { urls, authorization }
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw invalid(URLS, `must list URLs such as http://127.0.0.1:8081, not "${text}"`)
  }
  if (url.username !== '' || url.password !== '') {
    throw invalid(URLS, `must name no user; ${USER} does, and is kept secret`)
  }
  return url
}

function invalid(key: string, problem: string): ServerError {
  return new ServerError('INVALID_CONFIG', `${key} ${problem}`, { key })
}
