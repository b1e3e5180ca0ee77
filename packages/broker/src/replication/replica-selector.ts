/**
 * Which replica a consumer should read from, so that what it reads does not leave its rack (KIP-392).
 *
 * Pure. Only replicas in sync are candidates, and of those only who has the offset that is asked for; the leader itself when
 * it is in the consumer's rack or nobody else is.
 * Source: `ReplicaManager.findPreferredReadReplica` and `RackAwareReplicaSelector` of Apache Kafka.
 */
import type { ImageView } from '@braidlog/metadata'
import type { ReplicaSet } from '@braidlog/partition'
import { endpointOf } from '../endpoints.ts'

export interface NearbyReader {
  /** `client.rack` */
  readonly rackId: string
  readonly fetchOffset: number
  /** Where the consumer came in: a replica that does not listen there cannot serve it. */
  readonly listenerName: string
}

/** @returns the node to read from; -1: the leader, who is asked */
export function preferredReadReplica(
  image: ImageView,
  leaderId: number,
  replicas: ReplicaSet,
  reader: NearbyReader,
): number {
  const { rackId, fetchOffset, listenerName } = reader
  if (image.broker(leaderId)?.rack === rackId) return -1
  let preferred = -1
  for (const id of replicas.isr) {
    const broker = id === leaderId ? undefined : image.broker(id)
    if (broker === undefined || broker.fenced || broker.rack !== rackId) continue
    if (endpointOf(broker, listenerName) === undefined || !replicas.has(id, fetchOffset)) continue
    if (preferred < 0 || isFurther(replicas, id, preferred)) preferred = id
  }
  return preferred
}

/** It has more, or has had everything more recently, or has the larger id. */
function isFurther(replicas: ReplicaSet, id: number, other: number): boolean {
  const ahead = replicas.logEndOffsetOf(id) - replicas.logEndOffsetOf(other)
  if (ahead !== 0) return ahead > 0
  const later = (replicas.caughtUpMsOf(id) ?? -Infinity) - (replicas.caughtUpMsOf(other) ?? -Infinity)
  return later === 0 || Number.isNaN(later) ? id > other : later > 0
}
