/**
 * One member of a classic group. Only what a stable group's record holds survives a change of coordinator; the rest
 * (who waits for which answer, when a session ends) is known to the living coordinator alone.
 */
import type { JoinGroupRequest } from '@braidlog/protocol'

/** A request that the host has not answered yet. Numbers, so that a machine holds no callbacks. */
export type Ticket = number

export type MemberProtocols = JoinGroupRequest['protocols']

export interface ClassicMember {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly clientId: string
  /** As Apache Kafka prints an address: `/10.0.0.7`. */
  readonly clientHost: string
  rebalanceTimeoutMs: number
  sessionTimeoutMs: number
  /** In the member's order of preference. The bytes are owned by the member. */
  protocols: MemberProtocols
  /** What the leader gave it in the current generation; empty until then. */
  assignment: Uint8Array
  /** Has joined for the first time and not been told its generation yet, so cannot heartbeat. */
  isNew: boolean
  joinTicket: Ticket | undefined
  syncTicket: Ticket | undefined
  /** When the session ends, in monotonic time; `Infinity` while the member waits for the group instead. */
  sessionDeadlineMs: number
}

/** @returns the member's bytes for a protocol; `undefined` when it does not speak it. */
export function metadataFor(member: ClassicMember, protocolName: string): Uint8Array | undefined {
  return member.protocols.find((protocol) => protocol.name === protocolName)?.metadata
}

/** Same protocols in the same order with the same bytes: the member has nothing new to say. */
export function hasProtocols(member: ClassicMember, protocols: MemberProtocols): boolean {
  return (
    member.protocols.length === protocols.length &&
    member.protocols.every(
      (mine, i) => mine.name === protocols[i]!.name && equalBytes(mine.metadata, protocols[i]!.metadata),
    )
  )
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/**
 * Silence is excused while the member waits for the group to move on. Not for a new member: it does not know its id yet
 * and may be a leftover of a client that gave up.
 */
export function isSilenceExcused(member: ClassicMember): boolean {
  return !member.isNew && (member.joinTicket !== undefined || member.syncTicket !== undefined)
}
