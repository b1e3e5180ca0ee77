/**
 * What a leader does for those who copy its log: serve fetches, also of what is not committed; count what is on the disks
 * of the voters; advance the high watermark; notice that nobody listens any more.
 *
 * Source: KIP-595, KIP-630, KIP-836 (when a replica was last caught up), KIP-1166.
 */
import { assert } from '@braidlog/base'
import { ErrorCode } from '@braidlog/model'
import { leaderOnlyError } from './answers.ts'
import { beginEpochIntervalMs, sendBeginEpoch } from './epoch-notices.ts'
import { keyOf, sameReplica, type Answer, type FetchRequest, type FetchSnapshotRequest } from './messages.ts'
import type { LogBatch, ReplicaKey } from './messages.ts'
import type { Leader, ParkedFetch, Progress } from './roles.ts'
import type { RaftState } from './state.ts'
import { becomeResigned, checkQuorumTimeoutMs } from './transitions.ts'
import { changeAppended, changeCommitted, pollChange } from './voter-change.ts'
import { matches } from './voter-history.ts'

/** Fetches waiting at once; more are answered without waiting. */
const PARKED_MAX = 1000
/** Replicas that are no voters, remembered for DescribeQuorum; the one that was silent longest goes. */
const OBSERVERS_MAX = 1000

export function handleFetch(raft: RaftState, token: number, request: FetchRequest): void {
  const { epoch, highWatermark, lastEpoch, maxBytes, maxWaitMs, offset, replica } = request
  const isValid = maxWaitMs >= 0 && offset >= 0 && lastEpoch >= 0 && lastEpoch <= epoch
  const error = isValid ? leaderOnlyError(raft, epoch) : ErrorCode.INVALID_REQUEST
  const { leader } = raft
  if (error !== ErrorCode.NONE || leader === undefined) {
    raft.answer(token, { type: 'fetch', ...raft.view(error), highWatermark: -1, logStartOffset: -1 })
    return
  }
  const isThere = raft.log.positionOf(offset, lastEpoch).kind === 'valid'
  if (isThere) noteFetch(raft, leader, replica, offset)
  const fetch: ParkedFetch = { token, offset, lastEpoch, highWatermark, maxBytes, deadlineMs: raft.nowMs + maxWaitMs }
  // Its own fetch may have moved the high watermark past the voters' change that removed this leader.
  const waits = isThere && !isDue(raft, fetch) && maxWaitMs > 0 && leader.parked.length < PARKED_MAX
  if (waits && raft.role === leader) leader.parked.push(fetch)
  else answerFetch(raft, fetch)
}

function isDue(raft: RaftState, fetch: ParkedFetch): boolean {
  return raft.log.endOffset > fetch.offset || raft.highWatermark > fetch.highWatermark
}

function answerFetch(raft: RaftState, fetch: ParkedFetch): void {
  const { log } = raft
  const { offset, token } = fetch
  const position = log.positionOf(offset, fetch.lastEpoch)
  const answer: Answer & { type: 'fetch' } = {
    type: 'fetch',
    ...raft.view(),
    highWatermark: raft.highWatermark,
    logStartOffset: log.startOffset,
  }
  if (position.kind === 'diverging') raft.answer(token, { ...answer, diverging: position.end })
  else if (position.kind === 'snapshot') raft.answer(token, { ...answer, snapshotId: position.id })
  else if (log.endOffset === offset) raft.answer(token, answer)
  else
    raft.answer(token, {
      ...answer,
      read: { fromOffset: offset, upToOffset: log.endOffset, maxBytes: fetch.maxBytes },
    })
}

/** Answers those that waited for what is there now. */
function answerDue(raft: RaftState, leader: Leader): void {
  if (leader.parked.length === 0) return
  const due = leader.parked.filter((fetch) => isDue(raft, fetch))
  if (due.length === 0) return
  leader.parked = leader.parked.filter((fetch) => !isDue(raft, fetch))
  for (const fetch of due) answerFetch(raft, fetch)
}

export function handleFetchSnapshot(raft: RaftState, token: number, request: FetchSnapshotRequest): void {
  const error = leaderOnlyError(raft, request.epoch)
  const { leader } = raft
  if (error !== ErrorCode.NONE || leader === undefined) {
    raft.answer(token, { type: 'fetchSnapshot', ...raft.view(error) })
    return
  }
  // It is busy, not gone; but what it has on its disk is as before.
  heardFrom(raft, leader, request.replica)
  raft.emit({ type: 'answer-snapshot', token, request })
}

function noteFetch(raft: RaftState, leader: Leader, replica: ReplicaKey, offset: number): void {
  if (replica.id < 0 || replica.id === raft.local.id) return
  const progress = progressOf(leader, replica) ?? newProgress(raft, leader, replica)
  const { nowMs } = raft
  const endOffset = raft.log.endOffset
  if (offset >= endOffset) progress.lastCaughtUpMs = nowMs
  else if (progress.endOffset >= 0 && offset >= progress.leaderEndAtLastFetch)
    progress.lastCaughtUpMs = progress.lastFetchMs
  progress.leaderEndAtLastFetch = endOffset
  progress.lastFetchMs = nowMs
  progress.endOffset = offset
  heardFrom(raft, leader, replica)
  maybeAdvanceHighWatermark(raft)
}

export function progressOf(leader: Leader, key: ReplicaKey): Progress | undefined {
  return leader.replicas.find((each) => sameReplica(each.key, key))
}

function newProgress(raft: RaftState, leader: Leader, key: ReplicaKey): Progress {
  const observers = leader.replicas.filter((each) => !raft.voters.isVoter(each.key))
  if (observers.length >= OBSERVERS_MAX) {
    const silent = observers.reduce((a, b) => (a.lastFetchMs <= b.lastFetchMs ? a : b))
    leader.replicas.splice(leader.replicas.indexOf(silent), 1)
  }
  const progress = { key, endOffset: -1, lastFetchMs: -1, lastCaughtUpMs: -1, leaderEndAtLastFetch: -1 }
  leader.replicas.push(progress)
  return progress
}

function heardFrom(raft: RaftState, leader: Leader, replica: ReplicaKey): void {
  if (!raft.voters.isVoter(replica)) return
  leader.beginEpochAtMs.set(replica.id, raft.nowMs + beginEpochIntervalMs(raft))
  leader.heardFrom.add(replica.id)
  if (leader.heardFrom.size < othersNeeded(raft)) return
  leader.heardFrom.clear()
  leader.checkQuorumDeadlineMs = raft.nowMs + checkQuorumTimeoutMs(raft)
}

/** A majority, this leader counted if it votes. */
function othersNeeded(raft: RaftState): number {
  return raft.isVoter ? raft.majority - 1 : raft.majority
}

/** What is on the disks of a majority, once that reaches into this epoch (Raft 5.4.2). */
export function maybeAdvanceHighWatermark(raft: RaftState): void {
  const { leader, log } = raft
  if (leader === undefined) return
  const offsets = raft.voters.voters
    .map((voter) => (matches(voter, raft.local) ? log.durableOffset : voterOffset(leader, voter)))
    .sort((a, b) => b - a)
  const offset = offsets[raft.majority - 1] ?? 0
  if (offset <= leader.epochStartOffset || offset <= raft.highWatermark) return
  assert(offset <= log.endOffset, 'no replica has more than its leader')
  raft.highWatermark = offset
  raft.emit({ type: 'high-watermark', offset })
  answerDue(raft, leader)
  if (changeCommitted(raft, leader) && !raft.isVoter) resign(raft)
}

function voterOffset(leader: Leader, voter: ReplicaKey): number {
  let endOffset = 0
  // In a static quorum the id alone counts, whichever directory it is; the last to fetch is the one that is there.
  let lastFetchMs = -1
  for (const each of leader.replicas) {
    if (!matches(voter, each.key) || each.lastFetchMs < lastFetchMs) continue
    endOffset = each.endOffset
    lastFetchMs = each.lastFetchMs
  }
  return endOffset
}

export function handleAppended(raft: RaftState, batch: LogBatch): void {
  const { leader } = raft
  assert(leader !== undefined && batch.epoch === raft.epoch, 'only a leader appends, in its own epoch')
  raft.log.append(batch)
  raft.voters.append(batch)
  raft.emit({ type: 'flush' })
  answerDue(raft, leader)
  changeAppended(raft, leader, batch)
  // A smaller voter set may need fewer copies.
  if (batch.controls.length > 0) maybeAdvanceHighWatermark(raft)
}

export function pollLeader(raft: RaftState, leader: Leader): void {
  if (raft.nowMs >= leader.checkQuorumDeadlineMs) {
    if (othersNeeded(raft) > 0) {
      resign(raft)
      return
    }
    leader.checkQuorumDeadlineMs = raft.nowMs + checkQuorumTimeoutMs(raft)
  }
  const expired = leader.parked.filter((fetch) => fetch.deadlineMs <= raft.nowMs)
  if (expired.length > 0) {
    leader.parked = leader.parked.filter((fetch) => fetch.deadlineMs > raft.nowMs)
    for (const fetch of expired) answerFetch(raft, fetch)
  }
  pollChange(raft, leader)
  sendBeginEpoch(raft, leader)
}

/** Those with the longest logs should lead next. */
export function resign(raft: RaftState): void {
  const { leader } = raft
  if (leader === undefined) return
  const candidates = raft.otherVoters
    .map((voter) => ({ key: keyOf(voter), endOffset: voterOffset(leader, voter) }))
    .sort((a, b) => b.endOffset - a.endOffset)
    .map((each) => each.key)
  becomeResigned(raft, candidates)
}
