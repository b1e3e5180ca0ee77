/** Where nodes are reached, as seen from one listener: clients get addresses of the listener they came in on. */
import type { BrokerRegistration, ImageView } from '@braidlog/metadata'
import { ErrorCode } from '@braidlog/model'
import type { NodeEndpoint } from './fetch-response.ts'

/** @returns `undefined` when the node does not listen there */
export function endpointOf(broker: BrokerRegistration, listenerName: string): NodeEndpoint | undefined {
  const endpoint = broker.endpoints.find((each) => each.name === listenerName)
  if (endpoint === undefined) return undefined
  return { nodeId: broker.id, host: endpoint.host, port: endpoint.port, rack: broker.rack }
}

/** All nodes that take requests on the listener, by id. */
export function aliveEndpoints(image: ImageView, listenerName: string): NodeEndpoint[] {
  const alive: NodeEndpoint[] = []
  for (const broker of image.brokers()) {
    if (broker.fenced) continue
    const endpoint = endpointOf(broker, listenerName)
    if (endpoint !== undefined) alive.push(endpoint)
  }
  return alive.sort((a, b) => a.nodeId - b.nodeId)
}

export interface LeaderHint {
  readonly leaderId: number
  readonly leaderEpoch: number
}

/** Errors that a client answers by looking for the leader: the response tells it at once (KIP-951). */
export function asksForLeader(errorCode: ErrorCode): boolean {
  return errorCode === ErrorCode.NOT_LEADER_OR_FOLLOWER || errorCode === ErrorCode.FENCED_LEADER_EPOCH
}

export function leaderHint(image: ImageView, topic: string | undefined, partition: number): LeaderHint | undefined {
  const registration = topic === undefined ? undefined : image.partition(topic, partition)
  return registration && { leaderId: registration.leader, leaderEpoch: registration.leaderEpoch }
}

/** Endpoints of the leaders in `hints`, each once. */
export function endpointsOfLeaders(
  image: ImageView,
  listenerName: string,
  hints: Iterable<LeaderHint | undefined>,
): NodeEndpoint[] {
  const ids = new Set<number>()
  for (const hint of hints) if (hint !== undefined && hint.leaderId >= 0) ids.add(hint.leaderId)
  const endpoints: NodeEndpoint[] = []
  for (const id of ids) {
    const broker = image.broker(id)
    const endpoint = broker && endpointOf(broker, listenerName)
    if (endpoint !== undefined) endpoints.push(endpoint)
  }
  return endpoints
}
