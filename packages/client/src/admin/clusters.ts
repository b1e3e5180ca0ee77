/** Admin calls about the cluster itself: brokers, features, quorum. */
import { ZERO_UUID, type Uuid } from '@braidlog/model/nouns'
import type { Cluster } from '../cluster.ts'
import type { CallOptions } from '../record.ts'
import { adminCall, checkCode, operationsOf } from './calls.ts'
import type { ClusterDescription, FeaturesDescription, NewVoter, QuorumDescription, VoterKey } from './types.ts'

const DESCRIBE_CLUSTER_KEY = 60

/** Brokers too old for DescribeCluster are asked for their metadata. */
export async function describeCluster(
  cluster: Cluster,
  options: CallOptions & { readonly includeAuthorizedOperations?: boolean; readonly includeFenced?: boolean } = {},
): Promise<ClusterDescription> {
  return await adminCall(cluster, 'describeCluster', options, async (call) => {
    const connection = await cluster.connect('any', 'main', call)
    if (connection.versionsOf(DESCRIBE_CLUSTER_KEY) === undefined) {
      await cluster.refresh(call)
      const { clusterId, controller, brokers } = cluster.metadata
      return {
        clusterId: clusterId ?? '',
        controller: controller < 0 ? null : controller,
        brokers: [...brokers.values()].map((broker) => ({ ...broker, fenced: false })),
        authorizedOperations: null,
      }
    }
    const version = connection.versionFor('DescribeCluster')
    const body = {
      includeClusterAuthorizedOperations: options.includeAuthorizedOperations === true,
      ...(version >= 2 ? { includeFencedBrokers: options.includeFenced === true } : {}),
    }
    const response = await connection.request('DescribeCluster', body, {
      signal: call.signal,
      timeoutMs: Math.max(1, call.remainingMs()),
    })
    checkCode(response.errorCode, 'describeCluster', response.errorMessage)
    return {
      clusterId: response.clusterId,
      controller: response.controllerId < 0 ? null : response.controllerId,
      brokers: response.brokers
        .map(({ brokerId, host, port, rack, isFenced }) => ({ nodeId: brokerId, host, port, rack, fenced: isFenced }))
        .sort((a, b) => a.nodeId - b.nodeId),
      authorizedOperations: operationsOf(response.clusterAuthorizedOperations),
    }
  })
}

/** What the broker said about features when the connection was made, and says now. */
export async function describeFeatures(cluster: Cluster, options?: CallOptions): Promise<FeaturesDescription> {
  return await adminCall(cluster, 'describeFeatures', options, async (call) => {
    const body = { clientSoftwareName: 'braidlog', clientSoftwareVersion: '0.1.0' }
    const response = await cluster.request('any', 'ApiVersions', body, call)
    checkCode(response.errorCode, 'describeFeatures')
    const finalized = new Map(response.finalizedFeatures.map((each) => [each.name, each.maxVersionLevel]))
    return {
      epoch: response.finalizedFeaturesEpoch < 0 ? null : response.finalizedFeaturesEpoch,
      features: response.supportedFeatures
        .map(({ name, minVersion, maxVersion }) => ({
          name,
          finalized: finalized.get(name) ?? null,
          supportedMin: minVersion,
          supportedMax: maxVersion,
        }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    }
  })
}

export async function describeQuorum(cluster: Cluster, options?: CallOptions): Promise<QuorumDescription> {
  return await adminCall(cluster, 'describeQuorum', options, async (call) => {
    const body = { topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }] }
    const response = await cluster.request('controller', 'DescribeQuorum', body, call)
    checkCode(response.errorCode, 'describeQuorum', response.errorMessage)
    const partition = response.topics[0]!.partitions[0]!
    checkCode(partition.errorCode, 'describeQuorum', partition.errorMessage)
    return {
      leader: partition.leaderId,
      leaderEpoch: partition.leaderEpoch,
      highWatermark: BigInt(partition.highWatermark),
      voters: partition.currentVoters.map(replicaOf),
      observers: partition.observers.map(replicaOf),
    }
  })
}

export async function addRaftVoter(cluster: Cluster, voter: NewVoter, options?: CallOptions): Promise<void> {
  await adminCall(cluster, 'addRaftVoter', options, async (call) => {
    const { nodeId, directoryId, listeners } = voter
    const body = {
      clusterId: null,
      timeoutMs: Math.max(1, Math.floor(call.remainingMs())),
      voterId: nodeId,
      voterDirectoryId: directoryId as Uuid,
      listeners: listeners.map((listener) => ({ ...listener })),
    }
    const response = await cluster.request('controller', 'AddRaftVoter', body, call)
    checkCode(response.errorCode, `add voter ${nodeId}`, response.errorMessage)
  })
}

export async function removeRaftVoter(cluster: Cluster, voter: VoterKey, options?: CallOptions): Promise<void> {
  await adminCall(cluster, 'removeRaftVoter', options, async (call) => {
    const { nodeId, directoryId } = voter
    const body = { clusterId: null, voterId: nodeId, voterDirectoryId: directoryId as Uuid }
    const response = await cluster.request('controller', 'RemoveRaftVoter', body, call)
    checkCode(response.errorCode, `remove voter ${nodeId}`, response.errorMessage)
  })
}

export async function unregisterBroker(cluster: Cluster, nodeId: number, options?: CallOptions): Promise<void> {
  await adminCall(cluster, 'unregisterBroker', options, async (call) => {
    const response = await cluster.request('controller', 'UnregisterBroker', { brokerId: nodeId }, call)
    checkCode(response.errorCode, `unregister broker ${nodeId}`, response.errorMessage)
  })
}

function replicaOf(wire: {
  readonly replicaId: number
  readonly replicaDirectoryId: string
  readonly logEndOffset: number
  readonly lastFetchTimestamp: number
  readonly lastCaughtUpTimestamp: number
}) {
  return {
    nodeId: wire.replicaId,
    directoryId: wire.replicaDirectoryId === ZERO_UUID ? null : wire.replicaDirectoryId,
    logEndOffset: BigInt(wire.logEndOffset),
    lastFetchTimestamp: wire.lastFetchTimestamp < 0 ? null : wire.lastFetchTimestamp,
    lastCaughtUpTimestamp: wire.lastCaughtUpTimestamp < 0 ? null : wire.lastCaughtUpTimestamp,
  }
}
