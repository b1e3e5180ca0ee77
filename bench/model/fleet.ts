/**
 * What the costs mean for clusters: the same small broker, ten, a hundred and a thousand times.
 *
 * Every byte is written by its leader and by two followers, read by two followers and by two groups of consumers. A broker may use seven
 * tenths of its core.
 */
import { alignedTable } from '../markdown.ts'
import { threeDigits } from '../statistics.ts'
import { predict } from './fit.ts'
import type { Costs } from './page.ts'

export const assumptions = {
  replicationFactor: 3,
  consumerGroups: 2,
  /** Of a produce request, and of an answer to a consumer. */
  produceBytes: 16_384,
  fetchBytes: 65_536,
  /** Followers fetch what has gathered. */
  replicaFetchBytes: 262_144,
  coreShare: 0.7,
  /** Requests in flight at a busy broker, over which a wake-up is shared. */
  inFlight: 10,
  partitionsPerBroker: 2000,
  clientConnectionsPerBroker: 500,
  /** Of every broker to the controller: heartbeats every two seconds, metadata fetches every half a second. */
  controllerRequestsPerBrokerAndSecond: 2.5,
} as const

/** Microseconds of CPU that a broker spends for each megabyte produced to a topic it leads, its part as a follower included. */
export function microsecondsPerMegabyte(costs: Costs): number {
  const { replicationFactor, consumerGroups, produceBytes, fetchBytes, replicaFetchBytes, inFlight } = assumptions
  const perMegabyte = (kind: readonly number[], bytes: number): number =>
    predict(kind, [1, bytes / 1e6, 1 / inFlight]) / (bytes / 1e6)
  const lead = perMegabyte(costs.produce, produceBytes)
  // A follower's append costs what a produce of that size does: it checks and writes the same bytes.
  const follow = (replicationFactor - 1) * perMegabyte(costs.produce, replicaFetchBytes)
  const feed = (replicationFactor - 1) * perMegabyte(costs.fetch, replicaFetchBytes)
  const consume = consumerGroups * perMegabyte(costs.fetch, fetchBytes)
  return lead + follow + feed + consume
}

export function fleetTable(costs: Costs): string[] {
  const { coreShare, partitionsPerBroker, clientConnectionsPerBroker, controllerRequestsPerBrokerAndSecond } =
    assumptions
  const perBroker = (coreShare * 1e6) / microsecondsPerMegabyte(costs)
  const line = (brokers: number): string => {
    // One connection from each broker to each other for replication.
    const connections = clientConnectionsPerBroker + 2 * (brokers - 1)
    const memory =
      costs.residentBytes + connections * costs.bytesPerConnection + partitionsPerBroker * costs.bytesPerPartition
    const controllerRequests = brokers * controllerRequestsPerBrokerAndSecond
    // Nothing shares a wake-up with a heartbeat.
    const controllerShare = (controllerRequests * predict(costs.fetch, [1, 0, 1])) / 1e6
    return `| ${brokers.toLocaleString('en-US')} | ${threeDigits((brokers * perBroker) / 1000)} | ${(brokers * partitionsPerBroker).toLocaleString('en-US')} | ${connections.toLocaleString('en-US')} | ${threeDigits(memory / 2 ** 20)} | ${threeDigits(controllerShare * 100)} % |`
  }
  return [
    `One broker of one core carries ${threeDigits(perBroker)} MB/s of records produced, under the assumptions above.`,
    '',
    ...alignedTable([
      '| brokers | produced, GB/s | partition replicas | connections of a broker | memory of a broker, MiB | controller, of a core |',
      '|---:|---:|---:|---:|---:|---:|',
      line(10),
      line(100),
      line(1000),
    ]),
  ]
}
