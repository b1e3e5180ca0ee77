/** Short forms of requests, with what tests rarely care about filled in. */
import { ZERO_UUID, type Uuid } from '@braidlog/model'
import {
  ConsumerProtocolSubscription,
  type HeartbeatRequest,
  type JoinGroupRequest,
  type LeaveGroupRequest,
  type OffsetCommitRequest,
  type SyncGroupRequest,
} from '@braidlog/protocol'

export function subscription(topics: readonly string[]): Uint8Array {
  const version = 3
  const body = ConsumerProtocolSubscription.encode({ topics }, version)
  return Uint8Array.of(0, version, ...body)
}

/** Assignments are opaque to the coordinator: readable text serves. */
export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

export interface JoinFields {
  readonly groupId?: string
  readonly memberId?: string
  readonly groupInstanceId?: string | null
  readonly sessionTimeoutMs?: number
  readonly rebalanceTimeoutMs?: number
  readonly protocolType?: string
  readonly protocols?: readonly { readonly name: string; readonly metadata: Uint8Array }[]
}

export function joinRequest(fields: JoinFields = {}): JoinGroupRequest {
  return {
    groupId: fields.groupId ?? 'g',
    sessionTimeoutMs: fields.sessionTimeoutMs ?? 10_000,
    rebalanceTimeoutMs: fields.rebalanceTimeoutMs ?? 60_000,
    memberId: fields.memberId ?? '',
    groupInstanceId: fields.groupInstanceId ?? null,
    protocolType: fields.protocolType ?? 'consumer',
    protocols: [...(fields.protocols ?? [{ name: 'range', metadata: subscription(['t']) }])],
    reason: null,
  }
}

export interface MemberFields {
  readonly groupId?: string
  readonly memberId: string
  readonly generationId: number
  readonly groupInstanceId?: string | null
}

export function syncRequest(
  fields: MemberFields & {
    readonly assignments?: Readonly<Record<string, string>>
    readonly protocolType?: string | null
    readonly protocolName?: string | null
  },
): SyncGroupRequest {
  return {
    groupId: fields.groupId ?? 'g',
    generationId: fields.generationId,
    memberId: fields.memberId,
    groupInstanceId: fields.groupInstanceId ?? null,
    protocolType: fields.protocolType === undefined ? 'consumer' : fields.protocolType,
    protocolName: fields.protocolName === undefined ? 'range' : fields.protocolName,
    assignments: Object.entries(fields.assignments ?? {}).map(([memberId, text]) => ({
      memberId,
      assignment: bytesOf(text),
    })),
  }
}

export function heartbeatRequest(fields: MemberFields): HeartbeatRequest {
  const { groupId = 'g', memberId, generationId, groupInstanceId = null } = fields
  return { groupId, memberId, generationId, groupInstanceId }
}

export function leaveRequest(
  members: readonly { readonly memberId: string; readonly groupInstanceId?: string | null }[],
  groupId = 'g',
): LeaveGroupRequest {
  return {
    groupId,
    memberId: '',
    members: members.map(({ memberId, groupInstanceId = null }) => ({ memberId, groupInstanceId, reason: null })),
  }
}

export interface CommitFields {
  readonly groupId?: string
  readonly memberId?: string
  readonly generationId?: number
  readonly groupInstanceId?: string | null
  readonly retentionTimeMs?: number
  readonly topicId?: Uuid
  readonly metadata?: string | null
  /** `t-0` → offset; one topic only. */
  readonly topic?: string
  readonly offsets: Readonly<Record<number, number>>
}

export function commitRequest(fields: CommitFields): OffsetCommitRequest {
  return {
    groupId: fields.groupId ?? 'g',
    generationIdOrMemberEpoch: fields.generationId ?? -1,
    memberId: fields.memberId ?? '',
    groupInstanceId: fields.groupInstanceId ?? null,
    retentionTimeMs: fields.retentionTimeMs ?? -1,
    topics: [
      {
        name: fields.topic ?? 't',
        topicId: fields.topicId ?? ZERO_UUID,
        partitions: Object.entries(fields.offsets).map(([partitionIndex, committedOffset]) => ({
          partitionIndex: Number(partitionIndex),
          committedOffset,
          committedLeaderEpoch: -1,
          committedMetadata: fields.metadata ?? null,
        })),
      },
    ],
  }
}
