/**
 * Copying the leader's log: fetch, append, make durable, fetch again from there. The offset of a fetch thus says what is
 * on this disk, and the leader may count it.
 *
 * A log that disagrees with the leader's is cut back to where they can agree, epoch by epoch (KIP-279), never by the high
 * watermark. What the leader's log no longer has comes as a snapshot, piece by piece (KIP-630).
 */
import { assert, below } from '@braidlog/base'
import { ErrorCode } from '@braidlog/model'
import type { RaftTimeouts } from '../raft-node-options.ts'
import { KRAFT_VERSIONS, sameEndpoints } from '../voters.ts'
import { followsLeader } from './answers.ts'
import type { EpochEnd, FetchRequest, LogBatch, QuorumView, Received } from './messages.ts'
import type { Destination, Outgoing } from './outbox.ts'
import type { Follower, Unattached } from './roles.ts'
import type { RaftInput } from './effects.ts'
import type { RaftState } from './state.ts'
import { becomeProspective } from './transitions.ts'

/** As in Apache Kafka: how long a fetch waits at the leader with the usual timeouts, and how much it asks for. */
const FETCH_WAIT_MS = 500
export const FETCH_SIZE_BYTES_MAX = 1024 * 1024
/** So that who is next in line begins long before an election of the one before could have failed for good. */
const SUCCESSORS_PER_ELECTION_TIMEOUT = 4
/** A piece of a snapshot; bounds what one answer holds in memory on either side. */
export const SNAPSHOT_PIECE_SIZE_BYTES_MAX = 1024 * 1024

export function pollUnattached(raft: RaftState, role: Unattached): void {
  if (mayStand(raft) && raft.nowMs >= role.electionDeadlineMs) becomeProspective(raft)
  else askAround(raft)
}

export function pollFollower(raft: RaftState, role: Follower): void {
  const isLate = raft.nowMs >= role.fetchDeadlineMs
  if (isLate && mayStand(raft)) {
    becomeProspective(raft)
    return
  }
  maybeUpdateVoter(raft, role)
  const leader = raft.leaderDestination
  if (leader !== undefined) fetchFrom(raft, role, leader)
  // An observer cannot elect anybody: it asks the others who leads now.
  if (isLate) askAround(raft)
}

/** While a snapshot is being put in place, nobody knows what this log will be. */
function mayStand(raft: RaftState): boolean {
  return raft.mayLead && !raft.installing
}

function fetchFrom(raft: RaftState, role: Follower, leader: Destination): void {
  if (raft.installing) return
  const { snapshot } = role
  if (snapshot === undefined) {
    if (isDurable(raft)) raft.send(leader, fetchRequest(raft))
    return
  }
  raft.send(leader, {
    type: 'fetchSnapshot',
    replica: { id: raft.local.id, directoryId: raft.local.directoryId },
    epoch: raft.epoch,
    snapshotId: snapshot.id,
    position: snapshot.position,
    maxBytes: SNAPSHOT_PIECE_SIZE_BYTES_MAX,
  })
}

/** Asks one of those who may know; whoever answers says who leads. */
function askAround(raft: RaftState): void {
  if (raft.installing || !isDurable(raft)) return
  const all = [...raft.otherVoters.map((voter) => raft.destinationOf(voter)), ...raft.bootstrap]
  const known = all.filter((each) => each !== undefined)
  if (known.some((each) => raft.outbox.isBusy(each, 'fetch'))) return
  const ready = known.filter((each) => raft.outbox.isReady(each, 'fetch', raft.nowMs))
  if (ready.length > 0) raft.send(ready[below(raft.random, ready.length)], fetchRequest(raft))
}

function isDurable(raft: RaftState): boolean {
  return raft.log.durableOffset === raft.log.endOffset
}

/**
 * How long a fetch waits at an idle leader, which must answer well before it is missed, however short the timeout is set,
 * and before the request is given up. Where timeouts are long there is no need to ask twice a second.
 */
export function fetchWaitMs({ fetchTimeoutMs, requestTimeoutMs }: RaftTimeouts): number {
  const idleMs = Math.max(FETCH_WAIT_MS, Math.min(fetchTimeoutMs / 4, requestTimeoutMs / 2))
  return Math.floor(Math.min(idleMs, fetchTimeoutMs / 2))
}

function fetchRequest(raft: RaftState): FetchRequest {
  return {
    type: 'fetch',
    replica: { id: raft.local.id, directoryId: raft.local.directoryId },
    epoch: raft.epoch,
    offset: raft.log.endOffset,
    lastEpoch: raft.log.lastEpoch,
    highWatermark: raft.highWatermark,
    maxWaitMs: fetchWaitMs(raft.timeouts),
    maxBytes: FETCH_SIZE_BYTES_MAX,
  }
}

/**
 * A voter whose endpoints have changed tells the leader, until the voter set has them. In a static quorum every leader has
 * to be told once: no log has it, and without it the quorum could not become a dynamic one.
 */
function maybeUpdateVoter(raft: RaftState, role: Follower): void {
  if (raft.nowMs < role.updateVoterAtMs) return
  role.updateVoterAtMs = raft.nowMs + raft.timeouts.fetchTimeoutMs
  const voter = raft.voters.find(raft.local)
  if (voter === undefined || !raft.local.canVote) return
  const isStatic = raft.voters.quorum.kraftVersion === 0
  if (isStatic ? role.hasTold : sameEndpoints(voter.endpoints, raft.local.endpoints)) return
  raft.send(raft.leaderDestination, {
    type: 'updateVoter',
    epoch: raft.epoch,
    voter: { id: raft.local.id, directoryId: raft.local.directoryId },
    endpoints: raft.local.endpoints,
    kraftVersions: KRAFT_VERSIONS,
  })
}

export function handleUpdateVoterResponse(raft: RaftState, asked: Outgoing, response: QuorumView): void {
  const isTaken = followsLeader(raft, asked, response)
  if (isTaken || response.error === ErrorCode.UNSUPPORTED_VERSION) handleUpdateVoterUnsupported(raft)
}

/** A leader that keeps nothing of a static quorum's voters need not be told again. */
export function handleUpdateVoterUnsupported(raft: RaftState): void {
  if (raft.role.name === 'follower') raft.role.hasTold = true
}

export function handleFetchResponse(raft: RaftState, asked: Outgoing, response: Received & { type: 'fetch' }): void {
  if (!followsLeader(raft, asked, response)) return
  const { role } = raft
  if (role.name !== 'follower' || response.leaderId !== raft.leaderId) return
  role.fetchDeadlineMs = raft.nowMs + raft.timeouts.fetchTimeoutMs
  role.hasFetched = true
  const request = asked.request as FetchRequest
  const { log } = raft
  if (raft.installing || request.offset !== log.endOffset || request.lastEpoch !== log.lastEpoch) return
  if (response.diverging !== undefined) {
    truncate(raft, response.diverging)
    return
  }
  const { snapshotId } = response
  if (snapshotId !== undefined) {
    const isNewer =
      snapshotId.epoch > log.lastEpoch || (snapshotId.epoch === log.lastEpoch && snapshotId.endOffset > log.endOffset)
    if (isNewer && snapshotId.epoch <= raft.epoch) role.snapshot = { id: snapshotId, position: 0 }
    else raft.outbox.failed(asked.to, 'fetch', raft.nowMs)
    return
  }
  append(raft, response.batches)
  advanceHighWatermark(raft, response.highWatermark)
}

function append(raft: RaftState, batches: readonly LogBatch[]): void {
  const appended: LogBatch[] = []
  for (const batch of batches) {
    const follows =
      batch.baseOffset === raft.log.endOffset && batch.epoch >= raft.log.lastEpoch && batch.epoch <= raft.epoch
    if (!follows) break
    raft.log.append(batch)
    raft.voters.append(batch)
    appended.push(batch)
  }
  if (appended.length === 0) return
  raft.emit({ type: 'append', batches: appended })
  raft.emit({ type: 'flush' })
}

function truncate(raft: RaftState, diverging: EpochEnd): void {
  const offset = raft.log.truncationFor(diverging)
  assert(offset >= raft.highWatermark, `the leader asks to truncate to ${offset}, below the high watermark`)
  raft.log.truncateTo(offset)
  raft.voters.truncateTo(offset)
  raft.truncations++
  raft.emit({ type: 'truncate', offset })
}

function advanceHighWatermark(raft: RaftState, leaders: number): void {
  const offset = Math.min(leaders, raft.log.endOffset)
  if (offset <= raft.highWatermark) return
  raft.highWatermark = offset
  raft.emit({ type: 'high-watermark', offset })
}

/**
 * Where the leader answered before, nobody listens: its process has ended, and the rest of the fetch timeout would tell
 * nothing new (Apache Kafka waits for it). Once for each time that it answered, so that a leader which this replica alone
 * cannot reach is not stood against over and over; that it has lost the others, too, is for the pre-votes to say.
 */
export function handleUnreachable(raft: RaftState, to: Destination): void {
  const { role } = raft
  if (role.name !== 'follower' || !role.hasFetched || to.id !== raft.leaderId) return
  role.hasFetched = false
  role.fetchDeadlineMs = Math.min(role.fetchDeadlineMs, raft.nowMs + successionDelayMs(raft))
}

/** Voters begin one after the other, by their ids, so that they do not split the votes; the first when others know, too. */
function successionDelayMs(raft: RaftState): number {
  const { electionTimeoutMs, retryBackoffMs } = raft.timeouts
  const earlier = raft.otherVoters.filter(({ id }) => id < raft.local.id && id !== raft.leaderId)
  return retryBackoffMs + (earlier.length * electionTimeoutMs) / SUCCESSORS_PER_ELECTION_TIMEOUT
}

export function handleFetchSnapshotResponse(
  raft: RaftState,
  asked: Outgoing,
  response: Received & { type: 'fetchSnapshot' },
): void {
  const counts = followsLeader(raft, asked, response)
  const { role } = raft
  if (role.name !== 'follower') return
  // The leader may have deleted it meanwhile: the next fetch tells of a newer one.
  if (response.error !== ErrorCode.NONE) role.snapshot = undefined
  const { snapshot } = role
  if (!counts || snapshot === undefined) return
  const { id } = snapshot
  const { bytes, position, sizeBytes, snapshotId } = response
  const isNext =
    snapshotId.endOffset === id.endOffset &&
    snapshotId.epoch === id.epoch &&
    position === snapshot.position &&
    bytes.length > 0 &&
    position + bytes.length <= sizeBytes
  if (!isNext) {
    role.snapshot = undefined
    raft.outbox.failed(asked.to, 'fetchSnapshot', raft.nowMs)
    return
  }
  role.fetchDeadlineMs = raft.nowMs + raft.timeouts.fetchTimeoutMs
  raft.emit({ type: 'write-snapshot', id, position, bytes })
  snapshot.position += bytes.length
  if (snapshot.position < sizeBytes) return
  role.snapshot = undefined
  raft.installing = true
  raft.emit({ type: 'install-snapshot', id })
}

/** The log was replaced by a snapshot. Everything in it is committed. */
export function handleInstalled(raft: RaftState, input: RaftInput & { type: 'installed' }): void {
  assert(raft.installing, 'only what was fetched is installed')
  raft.installing = false
  const { id, quorum } = input
  const leader = raft.leaderDestination
  if (quorum === undefined) {
    if (leader !== undefined) raft.outbox.failed(leader, 'fetch', raft.nowMs)
    return
  }
  raft.log.startAt(id)
  raft.voters.startAt(quorum, id.endOffset)
  raft.truncations++
  raft.highWatermark = Math.max(raft.highWatermark, id.endOffset)
  raft.emit({ type: 'high-watermark', offset: raft.highWatermark })
}
