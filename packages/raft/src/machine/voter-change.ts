/**
 * Adding, removing and updating voters, one at a time (KIP-853). New voters count as soon as their record is appended; the
 * next change waits until it is committed, and the first one until the leader has committed something of its own epoch.
 *
 *     add      probe the newcomer ─► caught up? ─► append ─► committed ─► answer
 *     remove                                       append ─► committed ─► answer; a leader that is out resigns
 *     update                                       append ─► answer
 *
 * A static quorum (kraft.version 0) has no voters in its log: none is added or removed, and an update is only noted, for
 * when the quorum becomes a dynamic one (`version-upgrade.ts`).
 */
import { ErrorCode, ZERO_UUID } from '@braidlog/model'
import type { Voter } from '../voters.ts'
import { leaderOnlyError } from './answers.ts'
import type {
  AddVoterRequest,
  KRaftVersionRange,
  LogBatch,
  Received,
  RemoveVoterRequest,
  ReplicaKey,
  UpdateVoterRequest,
} from './messages.ts'
import { sameReplica } from './messages.ts'
import type { Leader } from './roles.ts'
import type { RaftState } from './state.ts'
import { endChange } from './transitions.ts'

/** A newcomer must have been at the end of the log within this time. */
const CAUGHT_UP_WITHIN_MS = 3_600_000

export function handleAddVoter(raft: RaftState, token: number, request: AddVoterRequest): void {
  const { endpoints, voter } = request
  const refused = (error: ErrorCode, message?: string) => raft.answer(token, { type: 'addVoter', error, message })
  const { leader } = raft
  if (leader === undefined) return refused(leaderOnlyError(raft, raft.epoch))
  if (voter.id < 0 || !hasDirectory(voter))
    return refused(ErrorCode.INVALID_REQUEST, 'the voter has no id or directory')
  if (!hasListener(raft, request)) return refused(ErrorCode.INVALID_REQUEST, `${listenerName(raft)} is missing`)
  const problem = changeProblem(raft, leader) ?? staticProblem(raft)
  if (problem !== undefined) return refused(problem.error, problem.message)
  if (raft.voters.voters.some((each) => each.id === voter.id))
    return refused(ErrorCode.DUPLICATE_VOTER, `node ${voter.id} is a voter already`)
  if (!raft.send(raft.addressOf(voter.id, endpoints), { type: 'probe' }))
    return refused(ErrorCode.REQUEST_TIMED_OUT, `node ${voter.id} cannot be asked now`)
  const timeoutMs = request.timeoutMs > 0 ? request.timeoutMs : raft.timeouts.requestTimeoutMs
  leader.change = { token, request, deadlineMs: raft.nowMs + timeoutMs, offset: undefined }
}

export function handleProbeResponse(raft: RaftState, voterId: number, response: Received & { type: 'probe' }): void {
  const { leader } = raft
  const change = leader?.change
  if (leader === undefined || change?.request.type !== 'addVoter' || change.request.voter.id !== voterId) return
  if (change.offset !== undefined) return
  const { request } = change
  const { kraftVersion } = raft.voters.quorum
  const { kraftVersions } = response
  if (response.error !== ErrorCode.NONE)
    return endChange(raft, change, ErrorCode.REQUEST_TIMED_OUT, `node ${voterId} did not say what it supports`)
  if (kraftVersions === undefined || !includes(kraftVersions, kraftVersion))
    return endChange(raft, change, ErrorCode.INVALID_REQUEST, `node ${voterId} lacks kraft.version ${kraftVersion}`)
  if (!isCaughtUp(raft, leader, request.voter))
    return endChange(raft, change, ErrorCode.REQUEST_TIMED_OUT, `node ${voterId} is behind the end of the log`)
  const added: Voter = { ...request.voter, endpoints: request.endpoints, kraftVersions }
  raft.emit({ type: 'append-voters', epoch: raft.epoch, voters: [...raft.voters.voters, added] })
}

/** The newcomer could not be reached. */
export function handleProbeFailed(raft: RaftState, voterId: number): void {
  handleProbeResponse(raft, voterId, { type: 'probe', error: ErrorCode.BROKER_NOT_AVAILABLE, kraftVersions: undefined })
}

export function handleRemoveVoter(raft: RaftState, token: number, request: RemoveVoterRequest): void {
  const { voter } = request
  const refused = (error: ErrorCode, message?: string) => raft.answer(token, { type: 'removeVoter', error, message })
  const { leader } = raft
  if (leader === undefined) return refused(leaderOnlyError(raft, raft.epoch))
  if (voter.id < 0 || !hasDirectory(voter))
    return refused(ErrorCode.INVALID_REQUEST, 'the voter has no id or directory')
  const problem = changeProblem(raft, leader) ?? staticProblem(raft)
  if (problem !== undefined) return refused(problem.error, problem.message)
  const left = raft.voters.voters.filter((each) => !sameReplica(each, voter))
  if (left.length === raft.voters.voters.length)
    return refused(ErrorCode.VOTER_NOT_FOUND, `node ${voter.id} with directory ${voter.directoryId} is no voter`)
  if (left.length === 0) return refused(ErrorCode.INVALID_REQUEST, 'the last voter stays')
  const deadlineMs = raft.nowMs + raft.timeouts.requestTimeoutMs
  leader.change = { token, request, deadlineMs, offset: undefined }
  raft.emit({ type: 'append-voters', epoch: raft.epoch, voters: left })
}

export function handleUpdateVoter(raft: RaftState, token: number, request: UpdateVoterRequest): void {
  const { endpoints, kraftVersions, voter } = request
  const refused = (error: ErrorCode) => raft.answer(token, { type: 'updateVoter', ...raft.view(error) })
  const error = leaderOnlyError(raft, request.epoch)
  const { leader } = raft
  if (error !== ErrorCode.NONE || leader === undefined) return refused(error)
  const isValid = kraftVersions.min >= 0 && kraftVersions.max >= kraftVersions.min
  if (voter.id < 0 || !hasDirectory(voter) || !hasListener(raft, request) || !isValid)
    return refused(ErrorCode.INVALID_REQUEST)
  const problem = changeProblem(raft, leader)
  if (problem !== undefined) return refused(problem.error)
  const { kraftVersion } = raft.voters.quorum
  if (!includes(kraftVersions, kraftVersion)) return refused(ErrorCode.INVALID_REQUEST)
  if (kraftVersion === 0) return refused(noteVoter(raft, leader, { ...voter, endpoints, kraftVersions }))
  const known = raft.voters.voters.findIndex((each) => sameReplica(each, voter))
  if (known < 0) return refused(ErrorCode.VOTER_NOT_FOUND)
  const deadlineMs = raft.nowMs + raft.timeouts.requestTimeoutMs
  leader.change = { token, request, deadlineMs, offset: undefined }
  raft.emit({
    type: 'append-voters',
    epoch: raft.epoch,
    voters: raft.voters.voters.with(known, { ...voter, endpoints, kraftVersions }),
  })
}

/** A voter of a static quorum says what it is. @returns an error when it is none */
function noteVoter(raft: RaftState, leader: Leader, voter: Voter): ErrorCode {
  if (!raft.voters.isVoter(voter)) return ErrorCode.VOTER_NOT_FOUND
  leader.told.set(voter.id, voter)
  return ErrorCode.NONE
}

/** The voters' record is in the log and in force. */
export function changeAppended(raft: RaftState, leader: Leader, batch: LogBatch): void {
  const { change } = leader
  if (change === undefined || change.offset !== undefined) return
  if (batch.baseOffset === leader.epochStartOffset) return
  if (!batch.controls.some((control) => control.type === 'kraftVoters')) return
  change.offset = batch.lastOffset
  const { request } = change
  const isDone = request.type === 'updateVoter' || (request.type === 'addVoter' && !request.ackWhenCommitted)
  if (isDone) endChange(raft, change, ErrorCode.NONE)
}

/** The high watermark has moved. @returns whether the voters in force are committed */
export function changeCommitted(raft: RaftState, leader: Leader): boolean {
  const { change } = leader
  if (change?.offset !== undefined && raft.highWatermark > change.offset) endChange(raft, change, ErrorCode.NONE)
  return raft.highWatermark > raft.voters.quorum.votersOffset
}

export function pollChange(raft: RaftState, leader: Leader): void {
  const { change } = leader
  if (change !== undefined && raft.nowMs >= change.deadlineMs)
    endChange(raft, change, ErrorCode.REQUEST_TIMED_OUT, 'the voters are not committed yet; they may still be')
}

interface Problem {
  readonly error: ErrorCode
  readonly message: string
}

/** One change at a time, and none while an earlier leader's could still be undone. */
export function changeProblem(raft: RaftState, leader: Leader): Problem | undefined {
  if (leader.change !== undefined)
    return { error: ErrorCode.REQUEST_TIMED_OUT, message: 'another change of voters is not done yet' }
  if (raft.highWatermark <= leader.epochStartOffset)
    return { error: ErrorCode.REQUEST_TIMED_OUT, message: 'the leader has not committed anything of its epoch yet' }
  if (raft.voters.quorum.votersOffset >= raft.highWatermark)
    return { error: ErrorCode.REQUEST_TIMED_OUT, message: 'the last change of voters is not committed yet' }
  return undefined
}

function staticProblem(raft: RaftState): Problem | undefined {
  if (raft.voters.quorum.kraftVersion > 0) return undefined
  return { error: ErrorCode.UNSUPPORTED_VERSION, message: 'voters are static at kraft.version 0; raise it to 1 first' }
}

function isCaughtUp(raft: RaftState, leader: Leader, voter: ReplicaKey): boolean {
  const progress = leader.replicas.find((each) => sameReplica(each.key, voter))
  return (
    progress !== undefined && progress.lastCaughtUpMs >= 0 && progress.lastCaughtUpMs > raft.nowMs - CAUGHT_UP_WITHIN_MS
  )
}

export function includes(range: KRaftVersionRange, version: number): boolean {
  return range.min <= version && version <= range.max
}

function hasDirectory(key: ReplicaKey): boolean {
  return key.directoryId !== ZERO_UUID
}

function listenerName(raft: RaftState): string | undefined {
  return raft.local.endpoints[0]?.name
}

function hasListener(raft: RaftState, request: AddVoterRequest | UpdateVoterRequest): boolean {
  return request.endpoints.some((endpoint) => endpoint.name === listenerName(raft))
}
