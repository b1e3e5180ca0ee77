/** Public face of `broker`. */
export { Authorizer, type AclEntry, type AuthorizerSettings, type Requester } from '@braidlog/model'
export { Broker, type BrokerOptions } from './broker.ts'
export { NodeLink, type NodeLinkOptions } from './cluster-link-node.ts'
export type { ClusterLink, LinkOptions } from './cluster-link.ts'
export { ClusterMembership, type MembershipOptions } from './cluster-membership.ts'
export { announceController, type ControllerPresenceOptions } from './controller-presence.ts'
export { controllerHandlersOf, servedControllerApis, type ControllerContext } from './controller-registry.ts'
export { Connections, type ConnectionsOptions } from './connections.ts'
export { defaultConnectionLimits, type ConnectionLimits } from './limits.ts'
export { newBrokerMetrics, type ApiMetrics, type BrokerMetrics } from './metrics.ts'
export type {
  CompiledSchema,
  LoadSchemaFormats,
  LookupOptions,
  RegisteredSchema,
  SchemaContent,
  SchemaFormats,
  SchemaKey,
  SchemaLookup,
  SchemaReferenceContent,
} from './record-validation/schema-lookup.ts'
export type { SchemaRegistrySettings } from './record-validation/record-validation.ts'
export { defaultBrokerSettings, type BrokerSettings } from './settings.ts'
export { SocketPeers, type SocketPeersOptions } from './peers.ts'
export { Pipeline } from './pipeline.ts'
export { isEligibleReplica } from './replication/eligible.ts'
export type { ReplicaFetchSettings } from './replication/replica-fetcher.ts'
export { servedApis } from './registry.ts'
