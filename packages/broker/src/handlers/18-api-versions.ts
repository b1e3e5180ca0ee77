/**
 * ApiVersions (API key 18): what this broker serves, and which features the cluster supports and uses.
 *
 * A version that we do not speak is answered by the pipeline. Source: KIP-35, KIP-511, KIP-584.
 */
import { ErrorCode, SUPPORTED_FEATURES } from '@braidlog/model'
import { ApiVersionsRequest, ApiVersionsResponse } from '@braidlog/protocol'
import type { ClusterContext } from '../context.ts'
import { api, type ApiHandler } from '../handler.ts'

const SOFTWARE_PATTERN = /^[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?$/
/** From here on a client says who it is and hears about features. */
const FEATURES_MIN_VERSION = 3
/** Older clients take a lowest level of 0 for an error (KAFKA-17011). */
const ZERO_LEVELS_MIN_VERSION = 4

/** @param handlers all that is served; read when a request comes, so it may still grow */
export function apiVersionsHandler(
  broker: Pick<ClusterContext, 'cluster'>,
  handlers: readonly ApiHandler[],
): ApiHandler {
  return api(
    ApiVersionsRequest,
    ApiVersionsResponse,
    (request, { apiVersion, exchange }) => {
      const apiKeys = handlers.map(({ key, advertisedMin, versionMax }) => ({
        apiKey: key,
        minVersion: advertisedMin,
        maxVersion: versionMax,
      }))
      apiKeys.sort((a, b) => a.apiKey - b.apiKey)
      if (apiVersion < FEATURES_MIN_VERSION) return { apiKeys }
      const { clientSoftwareName: name, clientSoftwareVersion: version } = request
      if (!SOFTWARE_PATTERN.test(name) || !SOFTWARE_PATTERN.test(version)) {
        return { errorCode: ErrorCode.INVALID_REQUEST }
      }
      exchange.connection.clientSoftware = { name, version }
      const { levels, epoch } = broker.cluster.finalizedFeatures()
      return {
        apiKeys,
        supportedFeatures: SUPPORTED_FEATURES.filter(
          ({ levelMin }) => levelMin > 0 || apiVersion >= ZERO_LEVELS_MIN_VERSION,
        ).map((feature) => ({ name: feature.name, minVersion: feature.levelMin, maxVersion: feature.levelMax })),
        finalizedFeaturesEpoch: epoch,
        finalizedFeatures: [...levels]
          .filter(([, level]) => level > 0)
          .map(([feature, level]) => ({ name: feature, minVersionLevel: level, maxVersionLevel: level })),
      }
    },
    { guard: 'everyone' },
  )
}
