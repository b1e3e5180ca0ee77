/** ApiVersions (API key 18): tells which versions of which APIs the server speaks. */
import { bool, int16, int32, int64, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/**
 * The first request of most clients; from version 3 they say who they are (KIP-511). Whoever does not know the version
 * still answers, in version 0.
 */
export const ApiVersionsRequest = message({
  kind: 'request',
  name: 'ApiVersionsRequest',
  key: 18,
  versions: '0-4',
  flexible: '3+',
  listeners: ['broker', 'controller'],
  fields: {
    clientSoftwareName: string({ versions: '3+', ignorable: true }),
    clientSoftwareVersion: string({ versions: '3+', ignorable: true }),
  },
})
export interface ApiVersionsRequest extends Infer<typeof ApiVersionsRequest> {}

/**
 * Ranges of versions per API. Version 3 adds supported and finalized features; before version 4 a feature whose range
 * begins at 0 has to be left out (KAFKA-17011). Its header is version 0 always, so that a client can read it before it
 * knows anything.
 */
export const ApiVersionsResponse = message({
  kind: 'response',
  name: 'ApiVersionsResponse',
  key: 18,
  versions: '0-4',
  flexible: '3+',
  errors: ['UNSUPPORTED_VERSION', 'INVALID_REQUEST'],
  fields: {
    errorCode: int16(),
    apiKeys: structs({
      apiKey: int16(),
      minVersion: int16(),
      maxVersion: int16(),
    }),
    throttleTimeMs: int32({ versions: '1+', ignorable: true }),
    supportedFeatures: structs(
      {
        name: string({ versions: '3+' }),
        minVersion: int16({ versions: '3+' }),
        maxVersion: int16({ versions: '3+' }),
      },
      { versions: '3+', tag: 0, tagged: '3+', ignorable: true },
    ),
    finalizedFeaturesEpoch: int64({ versions: '3+', default: -1, tag: 1, tagged: '3+', ignorable: true }),
    finalizedFeatures: structs(
      {
        name: string({ versions: '3+' }),
        maxVersionLevel: int16({ versions: '3+' }),
        minVersionLevel: int16({ versions: '3+' }),
      },
      { versions: '3+', tag: 2, tagged: '3+', ignorable: true },
    ),
    zkMigrationReady: bool({ versions: '3+', tag: 3, tagged: '3+', ignorable: true }),
  },
})
export interface ApiVersionsResponse extends Infer<typeof ApiVersionsResponse> {}
