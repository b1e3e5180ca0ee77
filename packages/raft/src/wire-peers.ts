/**
 * The machine's own requests to other nodes: wrapped, sent, and the answers unwrapped. Whatever goes wrong on the way is
 * one `failed` for the machine.
 */
import { CLUSTER_METADATA_TOPIC, ErrorCode, KRAFT_VERSION_FEATURE, METADATA_TOPIC_ID, type Uuid } from '@braidlog/model'
import { readMetadataBatches, type MetadataBatch } from '@braidlog/metadata'
import type { Codecs } from '@braidlog/records'
import { wholeBatchEnd, viewOf } from '@braidlog/records'
import { NO_NODE } from './election-state.ts'
import { PeerError, type PeerOptions, type PeerResponse, type Peers } from './peers.ts'
import type { VoterEndpoint } from './voters.ts'
import type { LogBatch, OutboundRequest, QuorumView, Received } from './machine/messages.ts'
import type { Destination } from './machine/outbox.ts'

export interface QuorumPeersOptions {
  readonly peers: Peers
  readonly codecs: Codecs
  readonly clusterId: string | undefined
  /** Name of the listener under which other nodes' addresses are remembered. */
  readonly listenerName: string
}

/** A batch that was fetched, with its bytes: a view of the response. */
export interface FetchedBatch extends LogBatch {
  readonly bytes: Uint8Array
}

/** Who leads, in what an answer says at the top or of the partition. */
interface LeaderFields {
  readonly errorCode: number
  readonly leaderId: number
  readonly leaderEpoch: number
}

interface NodeEndpoint {
  readonly nodeId: number
  readonly host: string
  readonly port: number
}

const FETCH_PURPOSE = 'raft-fetch'
const QUORUM_PURPOSE = 'raft'

export class QuorumPeers {
  readonly #options: QuorumPeersOptions

  constructor(options: QuorumPeersOptions) {
    this.#options = options
  }

  /** Never rejects. */
  async send(to: Destination, request: OutboundRequest, timeoutMs: number): Promise<Received> {
    try {
      return await this.#send(to, request, timeoutMs)
    } catch (error) {
      const code = error instanceof PeerError ? error.code : undefined
      return { type: 'failed', unsupported: code === 'UNSUPPORTED_VERSION', unreachable: code === 'UNREACHABLE' }
    }
  }

  async #send(to: Destination, request: OutboundRequest, timeoutMs: number): Promise<Received> {
    const { peers } = this.#options
    const clusterId = this.#options.clusterId ?? null
    const quorum: PeerOptions = { timeoutMs, purpose: QUORUM_PURPOSE }
    const fetch: PeerOptions = { timeoutMs, purpose: FETCH_PURPOSE }
    switch (request.type) {
      case 'vote': {
        const partition = {
          partitionIndex: 0,
          replicaEpoch: request.epoch,
          replicaId: request.candidate.id,
          replicaDirectoryId: request.candidate.directoryId,
          ...(request.voter !== undefined && { voterDirectoryId: request.voter.directoryId }),
          lastOffsetEpoch: request.lastEpoch,
          lastOffset: request.lastOffset,
          preVote: request.preVote,
        }
        const body = { clusterId, voterId: request.voter?.id ?? NO_NODE, topics: topicOf(partition) }
        const response = await peers.request(to, 'Vote', body, quorum)
        const answered = response.topics[0]?.partitions[0]
        const granted = answered?.voteGranted === true
        return { type: 'vote', ...this.#view(response.errorCode, answered, response.nodeEndpoints), granted }
      }
      case 'beginEpoch': {
        const partition = {
          partitionIndex: 0,
          ...(request.voter !== undefined && { voterDirectoryId: request.voter.directoryId }),
          leaderId: request.leaderId,
          leaderEpoch: request.epoch,
        }
        const body = {
          clusterId,
          voterId: request.voter?.id ?? NO_NODE,
          topics: topicOf(partition),
          leaderEndpoints: request.endpoints,
        }
        const response = await peers.request(to, 'BeginQuorumEpoch', body, quorum)
        const answered = response.topics[0]?.partitions[0]
        return { type: 'beginEpoch', ...this.#view(response.errorCode, answered, response.nodeEndpoints) }
      }
      case 'endEpoch': {
        const partition = {
          partitionIndex: 0,
          leaderId: request.leaderId,
          leaderEpoch: request.epoch,
          preferredSuccessors: request.candidates.map((each) => each.id),
          preferredCandidates: request.candidates.map((each) => ({
            candidateId: each.id,
            candidateDirectoryId: each.directoryId,
          })),
        }
        const body = { clusterId, topics: topicOf(partition), leaderEndpoints: request.endpoints }
        const response = await peers.request(to, 'EndQuorumEpoch', body, quorum)
        const answered = response.topics[0]?.partitions[0]
        return { type: 'endEpoch', ...this.#view(response.errorCode, answered, response.nodeEndpoints) }
      }
      case 'fetch':
        return this.#fetched(await peers.request(to, 'Fetch', fetchBody(request, clusterId), fetch))
      case 'fetchSnapshot': {
        const partition = {
          partition: 0,
          currentLeaderEpoch: request.epoch,
          snapshotId: request.snapshotId,
          position: request.position,
          replicaDirectoryId: request.replica.directoryId,
        }
        const topics = [{ name: CLUSTER_METADATA_TOPIC, partitions: [partition] }]
        const body = { clusterId, replicaId: request.replica.id, maxBytes: request.maxBytes, topics }
        return this.#snapshotFetched(await peers.request(to, 'FetchSnapshot', body, fetch))
      }
      case 'updateVoter': {
        const body = {
          clusterId,
          currentLeaderEpoch: request.epoch,
          voterId: request.voter.id,
          voterDirectoryId: request.voter.directoryId,
          listeners: request.endpoints,
          kRaftVersionFeature: {
            minSupportedVersion: request.kraftVersions.min,
            maxSupportedVersion: request.kraftVersions.max,
          },
        }
        const response = await peers.request(to, 'UpdateRaftVoter', body, quorum)
        const { leaderId, leaderEpoch, host, port } = response.currentLeader
        const fields = { errorCode: response.errorCode, leaderId, leaderEpoch }
        const endpoints = host === '' ? [] : [{ nodeId: leaderId, host, port }]
        return { type: 'updateVoter', ...this.#view(ErrorCode.NONE, fields, endpoints) }
      }
      case 'probe': {
        const response = await peers.request(to, 'ApiVersions', software, quorum)
        const kraft = response.supportedFeatures.find((each) => each.name === KRAFT_VERSION_FEATURE)
        const kraftVersions = kraft && { min: kraft.minVersion, max: kraft.maxVersion }
        return { type: 'probe', error: response.errorCode as ErrorCode, kraftVersions }
      }
      default:
        return request satisfies never
    }
  }

  #fetched(response: PeerResponse<'Fetch'>): Received {
    const answered = response.responses[0]?.partitions[0]
    const fields = answered && { errorCode: answered.errorCode, ...answered.currentLeader }
    const view = this.#view(response.errorCode, fields, response.nodeEndpoints)
    const { divergingEpoch, snapshotId } = answered ?? {}
    return {
      type: 'fetch',
      ...view,
      highWatermark: answered?.highWatermark ?? -1,
      logStartOffset: answered?.logStartOffset ?? -1,
      diverging: divergingEpoch !== undefined && divergingEpoch.epoch >= 0 ? divergingEpoch : undefined,
      snapshotId: snapshotId !== undefined && snapshotId.endOffset >= 0 ? snapshotId : undefined,
      batches: readFetched(answered?.records ?? new Uint8Array(0), this.#options.codecs),
    }
  }

  #snapshotFetched(response: PeerResponse<'FetchSnapshot'>): Received {
    const answered = response.topics[0]?.partitions[0]
    const fields = answered && { errorCode: answered.errorCode, ...answered.currentLeader }
    return {
      type: 'fetchSnapshot',
      ...this.#view(response.errorCode, fields, response.nodeEndpoints),
      snapshotId: answered?.snapshotId ?? { endOffset: -1, epoch: -1 },
      sizeBytes: answered?.size ?? 0,
      position: answered?.position ?? 0,
      bytes: answered?.unalignedRecords ?? new Uint8Array(0),
    }
  }

  #view(topError: number, fields: LeaderFields | undefined, nodes: readonly NodeEndpoint[]): QuorumView {
    if (topError !== ErrorCode.NONE || fields === undefined) {
      const error = topError === ErrorCode.NONE ? ErrorCode.INVALID_REQUEST : (topError as ErrorCode)
      return { error, epoch: -1, leaderId: NO_NODE, leaderEndpoints: [] }
    }
    const { errorCode, leaderEpoch, leaderId } = fields
    const node = nodes.find((each) => each.nodeId === leaderId)
    const leaderEndpoints: VoterEndpoint[] =
      node === undefined ? [] : [{ name: this.#options.listenerName, host: node.host, port: node.port }]
    return { error: errorCode as ErrorCode, epoch: leaderEpoch, leaderId, leaderEndpoints }
  }
}

const software = { clientSoftwareName: 'braidlog', clientSoftwareVersion: '0.1.0' }

function fetchBody(request: OutboundRequest & { type: 'fetch' }, clusterId: string | null) {
  const { maxBytes, replica } = request
  const partition = {
    partition: 0,
    currentLeaderEpoch: request.epoch,
    fetchOffset: request.offset,
    lastFetchedEpoch: request.lastEpoch,
    partitionMaxBytes: maxBytes,
    replicaDirectoryId: replica.directoryId satisfies Uuid,
    highWatermark: request.highWatermark,
  }
  return {
    clusterId,
    replicaState: { replicaId: replica.id, replicaEpoch: -1 },
    maxWaitMs: request.maxWaitMs,
    minBytes: 0,
    maxBytes,
    sessionId: 0,
    sessionEpoch: -1,
    topics: [{ topic: CLUSTER_METADATA_TOPIC, topicId: METADATA_TOPIC_ID, partitions: [partition] }],
  }
}

function topicOf<P>(partition: P) {
  return [{ topicName: CLUSTER_METADATA_TOPIC, partitions: [partition] }]
}

/** The whole batches; the last may have been cut. @throws RecordsError, MetadataError for damaged ones */
export function readFetched(bytes: Uint8Array, codecs: Codecs): FetchedBatch[] {
  const view = viewOf(bytes)
  const fetched: FetchedBatch[] = []
  let at = 0
  for (let end = wholeBatchEnd(view, 0, bytes.length); end !== -1; end = wholeBatchEnd(view, at, bytes.length)) {
    const batch = bytes.subarray(at, end)
    for (const read of readMetadataBatches(batch, { codecs, origin: 'a fetch response', controlsOnly: true }))
      fetched.push(fetchedBatch(read, batch))
    at = end
  }
  return fetched
}

function fetchedBatch(read: MetadataBatch, bytes: Uint8Array): FetchedBatch {
  return { baseOffset: read.baseOffset, lastOffset: read.lastOffset, epoch: read.epoch, controls: read.controls, bytes }
}
