/** What the log cleaner goes by now: it may be changed while the broker runs, for one or for all. */
import type { ImageView } from '@braidlog/metadata'
import { CLUSTER_DEFAULT_RESOURCE, ConfigResourceType, resolveBrokerConfig } from '@braidlog/model'
import type { CleanerConfig } from '@braidlog/partition'

export function cleanerConfigOf(
  image: ImageView,
  nodeId: number,
  staticBroker: ReadonlyMap<string, string>,
): CleanerConfig {
  const layers = {
    dynamicBroker: image.configs(ConfigResourceType.BROKER, String(nodeId)),
    dynamicDefault: image.configs(ConfigResourceType.BROKER, CLUSTER_DEFAULT_RESOURCE),
    staticBroker,
  }
  const bufferBytes = resolveBrokerConfig('log.cleaner.dedupe.buffer.size', layers)
  return {
    backoffMs: resolveBrokerConfig('log.cleaner.backoff.ms', layers),
    keysSizeBytesMax: Math.floor(bufferBytes * resolveBrokerConfig('log.cleaner.io.buffer.load.factor', layers)),
  }
}
