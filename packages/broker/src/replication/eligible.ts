/** Which brokers may be in sync, as the metadata have it, and where they are reached by others. */
import type { ImageView } from '@braidlog/metadata'
import type { PeerAddress } from '@braidlog/raft'

/**
 * Registered, not fenced, not shutting down, and the same incarnation that fetches (KIP-841, KIP-903).
 * @param brokerEpoch of the fetch; -1: it did not say
 */
export function isEligibleReplica(image: ImageView, brokerId: number, brokerEpoch: number): boolean {
  const broker = image.broker(brokerId)
  if (broker === undefined || broker.fenced || broker.inControlledShutdown) return false
  return brokerEpoch === -1 || brokerEpoch === broker.epoch
}

/** @returns `undefined`: it is not registered with such a listener */
export function peerAddressOf(image: ImageView, brokerId: number, listenerName: string): PeerAddress | undefined {
  const endpoint = image.broker(brokerId)?.endpoints.find((each) => each.name === listenerName)
  return endpoint && { id: brokerId, host: endpoint.host, port: endpoint.port }
}
