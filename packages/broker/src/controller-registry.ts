/** All that is served on a listener for controllers: to brokers, to other controllers, and to tools that ask there. */
import type { ControllerNode } from '@braidlog/controller'
import type { Authorizer } from '@braidlog/model'
import type { ClusterContext } from './context.ts'
import type { ApiHandler } from './handler.ts'
import { apiVersionsHandler } from './handlers/18-api-versions.ts'
import { describeQuorumHandler } from './handlers/55-describe-quorum.ts'
import { envelopeHandler } from './handlers/58-envelope.ts'
import { describeControllersHandler } from './handlers/60-describe-cluster.ts'
import { aclHandlers } from './handlers/acls.ts'
import { clusterHandlers } from './handlers/cluster.ts'
import { controllerHandlers } from './handlers/controller.ts'
import { quorumHandlers } from './handlers/quorum.ts'
import { topicHandlers } from './handlers/topics.ts'
import { servedApi, type ServedApi } from './registry.ts'

export interface ControllerContext extends Omit<ClusterContext, 'replicas' | 'image'> {
  /** Requests that it cannot decide, not being active, are refused: who asks here wants this one. */
  readonly cluster: ControllerNode
  readonly authorizer: Authorizer | undefined
}

/** Nothing waits here for partitions: they are open elsewhere. */
const NO_REPLICAS = { settled: () => Promise.resolve() }

export function controllerHandlersOf({ authorizer, ...context }: ControllerContext): ApiHandler[] {
  const { cluster } = context
  const shared: ClusterContext = { ...context, image: cluster.image, replicas: NO_REPLICAS }
  const handlers: ApiHandler[] = [
    ...topicHandlers(shared),
    ...clusterHandlers(shared),
    ...aclHandlers(shared),
    ...controllerHandlers(shared),
    ...quorumHandlers(() => cluster.raft),
    describeQuorumHandler(shared),
    describeControllersHandler(shared, () => cluster.leader?.id ?? -1),
  ]
  handlers.push(envelopeHandler({ handlers: [...handlers], authorizer, isActive: () => cluster.isActive }))
  handlers.push(apiVersionsHandler(shared, handlers))
  return handlers
}

/** What a controller's listener serves, for the reference; nothing is opened. */
export function servedControllerApis(): ServedApi[] {
  return controllerHandlersOf({ cluster: {}, authorizer: undefined } as unknown as ControllerContext).map(servedApi)
}
