/**
 * The machine's answers as they travel. What a version cannot say is left out.
 *
 * Source: KIP-595, KIP-853; `RaftUtil` of Apache Kafka.
 */
import { CLUSTER_METADATA_TOPIC, METADATA_TOPIC_ID, type ErrorCode } from '@braidlog/model'
import type { Input } from '@braidlog/protocol'
import type { SnapshotId } from '@braidlog/metadata'
import type { DecodedOf } from './peers.ts'
import type { QuorumApi } from './raft-node-options.ts'
import type { Answer, QuorumView } from './machine/messages.ts'
import type { MachineApi } from './wire-requests.ts'

/** What the encoder of a response accepts. */
export type QuorumResponse<N extends QuorumApi> = Input<DecodedOf<`${N}Response`>>

export interface SnapshotPiece {
  readonly id: SnapshotId
  readonly sizeBytes: number
  readonly position: number
  readonly bytes: Uint8Array
}

/** Answers with what the shell has added. */
export type WireAnswer =
  | Exclude<Answer, { type: 'fetch' | 'fetchSnapshot' }>
  | (Extract<Answer, { type: 'fetch' }> & { readonly records: Uint8Array })
  | (QuorumView & { readonly type: 'fetchSnapshot'; readonly piece: SnapshotPiece | undefined })

/** The first version with the endpoints of the leader: KIP-853, and KIP-951 for Fetch. */
const ENDPOINTS_SINCE = 1
const FETCH_ENDPOINTS_SINCE = 16

/** @param error for the top of the response */
export function errorResponse<N extends MachineApi>(error: ErrorCode): QuorumResponse<N> {
  return { errorCode: error } as QuorumResponse<N>
}

/** @param version of the request */
export function formatAnswer<N extends MachineApi>(answer: WireAnswer, version: number): QuorumResponse<N> {
  return format(answer, version) as QuorumResponse<N>
}

function format(answer: WireAnswer, version: number): QuorumResponse<MachineApi> {
  switch (answer.type) {
    case 'vote':
      return {
        topics: topicOf({ ...quorumFields(answer), voteGranted: answer.granted }),
        nodeEndpoints: endpointsOf(answer, version),
      } satisfies QuorumResponse<'Vote'>
    case 'beginEpoch':
    case 'endEpoch':
      return {
        topics: topicOf(quorumFields(answer)),
        nodeEndpoints: endpointsOf(answer, version),
      } satisfies QuorumResponse<'BeginQuorumEpoch'>
    case 'fetch':
      return formatFetch(answer, version)
    case 'fetchSnapshot':
      return formatFetchSnapshot(answer, version)
    case 'addVoter':
    case 'removeVoter':
      return { errorCode: answer.error, errorMessage: answer.message ?? null } satisfies QuorumResponse<'AddRaftVoter'>
    case 'updateVoter': {
      const { host = '', port = 0 } = answer.leaderEndpoints[0] ?? {}
      return {
        errorCode: answer.error,
        currentLeader: { leaderId: answer.leaderId, leaderEpoch: answer.epoch, host, port },
      } satisfies QuorumResponse<'UpdateRaftVoter'>
    }
    default:
      return answer satisfies never
  }
}

function formatFetch(answer: WireAnswer & { type: 'fetch' }, version: number): QuorumResponse<'Fetch'> {
  const { diverging, error, highWatermark, leaderId, epoch, logStartOffset, records, snapshotId } = answer
  return {
    responses: [
      {
        topic: CLUSTER_METADATA_TOPIC,
        topicId: METADATA_TOPIC_ID,
        partitions: [
          {
            partitionIndex: 0,
            errorCode: error,
            highWatermark,
            logStartOffset,
            ...(version >= 12 && {
              currentLeader: { leaderId, leaderEpoch: epoch },
              ...(diverging !== undefined && { divergingEpoch: diverging }),
              ...(snapshotId !== undefined && { snapshotId }),
            }),
            records,
          },
        ],
      },
    ],
    nodeEndpoints: endpointsOf(answer, version, FETCH_ENDPOINTS_SINCE),
  }
}

function formatFetchSnapshot(
  answer: WireAnswer & { type: 'fetchSnapshot' },
  version: number,
): QuorumResponse<'FetchSnapshot'> {
  const { error, epoch, leaderId, piece } = answer
  return {
    topics: [
      {
        name: CLUSTER_METADATA_TOPIC,
        partitions: [
          {
            index: 0,
            errorCode: error,
            snapshotId: piece?.id ?? { endOffset: -1, epoch: -1 },
            currentLeader: { leaderId, leaderEpoch: epoch },
            size: piece?.sizeBytes ?? 0,
            position: piece?.position ?? 0,
            unalignedRecords: piece?.bytes ?? new Uint8Array(0),
          },
        ],
      },
    ],
    nodeEndpoints: endpointsOf(answer, version),
  }
}

function quorumFields({ epoch, error, leaderId }: QuorumView) {
  return { partitionIndex: 0, errorCode: error, leaderId, leaderEpoch: epoch }
}

function topicOf<P>(partition: P) {
  return [{ topicName: CLUSTER_METADATA_TOPIC, partitions: [partition] }]
}

function endpointsOf(answer: QuorumView, version: number, since = ENDPOINTS_SINCE) {
  const endpoint = answer.leaderEndpoints[0]
  if (endpoint === undefined || answer.leaderId < 0 || version < since) return []
  return [{ nodeId: answer.leaderId, host: endpoint.host, port: endpoint.port }]
}
