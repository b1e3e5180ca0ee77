/** All that the broker serves, one line for each API or family of APIs. */
import type { BrokerContext } from './context.ts'
import type { ApiHandler } from './handler.ts'
import { produceHandler } from './handlers/00-produce.ts'
import { fetchHandler } from './handlers/01-fetch.ts'
import { listOffsetsHandler } from './handlers/02-list-offsets.ts'
import { metadataHandler } from './handlers/03-metadata.ts'
import { findCoordinatorHandler } from './handlers/10-find-coordinator.ts'
import { apiVersionsHandler } from './handlers/18-api-versions.ts'
import { deleteRecordsHandler } from './handlers/21-delete-records.ts'
import { initProducerIdHandler } from './handlers/22-init-producer-id.ts'
import { offsetForLeaderEpochHandler } from './handlers/23-offset-for-leader-epoch.ts'
import { describeQuorumHandler } from './handlers/55-describe-quorum.ts'
import { describeLogDirsHandler } from './handlers/35-describe-log-dirs.ts'
import { describeClusterHandler } from './handlers/60-describe-cluster.ts'
import { describeProducersHandler } from './handlers/61-describe-producers.ts'
import { listConfigResourcesHandler } from './handlers/74-list-config-resources.ts'
import { describeTopicPartitionsHandler } from './handlers/75-describe-topic-partitions.ts'
import { aclHandlers } from './handlers/acls.ts'
import { clusterHandlers } from './handlers/cluster.ts'
import { groupHandlers } from './handlers/groups.ts'
import { topicHandlers } from './handlers/topics.ts'

/** Whatever is not in this list is not advertised, and a request for it closes the connection. */
export function handlersOf(broker: BrokerContext): ApiHandler[] {
  const handlers: ApiHandler[] = [
    produceHandler(broker),
    fetchHandler(broker),
    listOffsetsHandler(broker),
    metadataHandler(broker),
    findCoordinatorHandler(broker),
    deleteRecordsHandler(broker),
    initProducerIdHandler(broker),
    offsetForLeaderEpochHandler(broker),
    describeQuorumHandler(broker),
    describeLogDirsHandler(broker),
    describeClusterHandler(broker),
    describeProducersHandler(broker),
    listConfigResourcesHandler(broker),
    describeTopicPartitionsHandler(broker),
    ...groupHandlers(broker),
    ...topicHandlers(broker),
    ...clusterHandlers(broker),
    ...aclHandlers(broker),
  ]
  handlers.push(apiVersionsHandler(broker, handlers))
  return handlers
}

export interface ServedApi {
  readonly key: number
  readonly versionMin: number
  readonly versionMax: number
}

/** What a broker's listeners serve, for the reference; nothing is opened. */
export function servedApis(): ServedApi[] {
  // Handlers take what they need from the context when a request comes, so none is needed to list them.
  return handlersOf({} as BrokerContext).map(servedApi)
}

export function servedApi({ key, versionMax, versionMin }: ApiHandler): ServedApi {
  return { key, versionMin, versionMax }
}
