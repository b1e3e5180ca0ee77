/**
 * Planted bugs: one line of a rule changed, each of a kind that systems of this sort have had. The simulator is worth
 * what it catches: `npm run sim:mutants` plants them one after the other in a copy of the source and looks for a seed
 * that shows it.
 *
 * A bug here is one that loses, doubles or reorders records, lets replicas differ, or stops a healed cluster.
 */
export interface Mutant {
  readonly name: string
  /** In `packages/`. */
  readonly file: string
  readonly find: string
  readonly replace: string
  /** A seed that has shown it; tried first. */
  readonly seed?: number
}

const role = 'partition/src/role.ts'
const progress = 'partition/src/progress.ts'
const appending = 'partition/src/appending.ts'
const following = 'partition/src/following.ts'
const reading = 'partition/src/reading.ts'
const replicaSet = 'partition/src/replica-set.ts'
const follower = 'partition/src/follower.ts'
const fetcher = 'broker/src/replication/replica-fetcher.ts'
const change = 'controller/src/partition-change.ts'
const alter = 'controller/src/alter-partition.ts'
const voting = 'raft/src/machine/voting.ts'
const serving = 'raft/src/machine/serving.ts'

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'acks=all is answered before the other replicas have the record',
    file: progress,
    find: 'return requiredOffset <= (acks === 1 && this.#replicas !== undefined ? this.#storedOffset : this.#highWatermark)',
    replace: 'return requiredOffset <= this.#log.logEndOffset + 0 * acks',
  },
  {
    name: 'the high watermark does not wait for the replicas in sync',
    file: replicaSet,
    find: 'if (counts) offset = follower.logEndOffset',
    replace: 'if (counts && nowMs < 0) offset = follower.logEndOffset',
  },
  {
    name: 'a replica that is about to join does not count yet',
    file: replicaSet,
    find: "if (this.#pending?.kind !== 'expand') return this.#state.isr",
    replace: 'if (this.#pending !== null) return this.#state.isr',
  },
  {
    name: 'a follower joins whatever it has',
    file: replicaSet,
    find: 'follower.logEndOffset >= Math.max(highWatermark, this.#epochStartOffset)',
    replace: 'follower.logEndOffset >= Math.min(0, highWatermark)',
  },
  {
    name: 'a follower joins with what the high watermark says, though the epoch began later',
    file: replicaSet,
    find: 'follower.logEndOffset >= Math.max(highWatermark, this.#epochStartOffset)',
    replace: 'follower.logEndOffset >= highWatermark',
  },
  {
    name: 'who has left the in-sync replicas is not waited for before the controller has agreed',
    file: replicaSet,
    find: "    if (kept.length < this.#state.isr.length) this.#propose('shrink', kept)",
    replace:
      "    if (kept.length < this.#state.isr.length) { this.#propose('shrink', kept); this.#state = { ...this.#state, isr: kept } }",
  },
  {
    name: 'a leader forgets that a change may have been committed',
    file: replicaSet,
    find: 'if (this.#pending?.proposal === proposal) this.#pending = undefined',
    replace: 'this.#pending = undefined',
  },
  {
    name: 'a leader takes fetches of an older epoch for news',
    file: role,
    find: 'return currentLeaderEpoch < this.#leaderEpoch ? ErrorCode.FENCED_LEADER_EPOCH : ErrorCode.UNKNOWN_LEADER_EPOCH',
    replace: 'return currentLeaderEpoch < 0 ? ErrorCode.FENCED_LEADER_EPOCH : ErrorCode.NONE',
  },
  {
    name: 'older news of who leads is believed',
    file: role,
    find: 'if (leaderEpoch < this.#leaderEpoch || partitionEpoch < this.#partitionEpoch) return',
    replace: 'if (leaderEpoch < 0 && partitionEpoch < 0) return',
  },
  {
    name: 'what is not synced counts as stored',
    file: progress,
    find: "if (this.#durability === 'durable') this.#stored(this.#log.durableOffset, this.#syncingBytes)",
    replace: "if (this.#durability === 'durable') this.#stored(this.#log.logEndOffset, this.#appendedBytes)",
  },
  {
    name: 'a follower says that it has what it has not synced',
    file: progress,
    find: "if (this.#durability === 'durable' && log.durableOffset < log.logEndOffset) await log.flush()",
    replace: "if (this.#durability === 'page-cache' && log.durableOffset < log.logEndOffset) await log.flush()",
  },
  {
    name: 'a follower does not wait for a sync that is under way',
    file: progress,
    find: "if (this.#durability === 'durable' && log.durableOffset < log.logEndOffset) await log.flush()",
    replace: "if (this.#durability === 'durable' && log.dirty) await log.flush()",
  },
  {
    name: 'the leader does not tell a follower where their logs part',
    file: reading,
    find: 'if (end.leaderEpoch < lastFetchedEpoch || end.endOffset < fetchOffset)',
    replace: 'if (end.leaderEpoch < -9 && end.endOffset < fetchOffset)',
  },
  {
    name: 'a follower cuts back to its high watermark',
    file: follower,
    find: "return { action: 'truncate', offset: commonEndOffset(answer.divergingEpoch, log, highWatermark) }",
    replace: "return { action: 'truncate', offset: highWatermark }",
  },
  {
    name: 'a follower keeps more of an epoch than its leader has',
    file: follower,
    find: 'return Math.min(own.endOffset, leader.endOffset, log.logEndOffset)',
    replace: 'return Math.min(own.endOffset, log.logEndOffset)',
  },
  {
    name: 'a follower appends what an earlier leader has sent it',
    file: following,
    find: "if (now === undefined || now.leaderEpoch !== position.leaderEpoch) return { action: 'await-metadata' }",
    replace: "if (now === undefined) return { action: 'await-metadata' }",
  },
  {
    name: 'retries are appended again',
    file: appending,
    find: 'const known = this.#checkProducer(view, start, options)',
    replace: 'const known = this.#role.leaderEpoch < 0 ? this.#checkProducer(view, start, options) : undefined',
  },
  {
    name: 'a follower starts again from its old end when the leader has less',
    file: follower,
    find: "if (leader.endOffset < logEndOffset) return { action: 'truncate', offset: leader.endOffset }",
    replace: 'if (leader.endOffset < logEndOffset) return undefined',
  },
  {
    name: 'a fetcher that lost its session names only what has moved',
    file: fetcher,
    find: '      this.#session.reset()',
    replace: '      if (response === null) this.#session.reset()',
  },
  {
    name: 'a follower that was told of another epoch never asks again',
    file: fetcher,
    find: 'this.#followed.set(keyOf(partition), { partition, notBeforeMs: -Infinity, awaitsMetadata: false })',
    replace:
      'if (!this.#followed.has(keyOf(partition))) this.#followed.set(keyOf(partition), { partition, notBeforeMs: -Infinity, awaitsMetadata: false })',
  },
  {
    name: 'a producer gives the number of a record that may be stored to another one',
    file: 'client/src/core/accumulator.ts',
    find: 'if (!isAbsentAfter(code)) batch.mayBeStored = true',
    replace: 'batch.mayBeStored = !isAbsentAfter(code)',
    seed: 142,
  },
  {
    name: 'any replica may lead',
    file: change,
    find: 'const mayLead = (id: number) => (isr.includes(id) || (isr.length === 0 && eligible.includes(id))) && isAcceptable(id)',
    replace: 'const mayLead = (id: number) => (isr.includes(id) || eligible.length >= 0) && isAcceptable(id)',
  },
  {
    name: 'a new leader has the epoch of the old one',
    file: 'metadata/src/topics-image.ts',
    find: 'leaderEpoch: before.leaderEpoch + (leaderNamed ? 1 : 0)',
    replace: 'leaderEpoch: before.leaderEpoch + (leaderNamed ? 0 : 0)',
  },
  {
    name: 'in-sync replicas are proposed from an older picture',
    file: alter,
    find: 'if (proposal.partitionEpoch < partition.partitionEpoch) return ErrorCode.INVALID_UPDATE_VERSION',
    replace: 'if (proposal.partitionEpoch < -1) return ErrorCode.INVALID_UPDATE_VERSION',
  },
  {
    name: 'a replica that is fenced joins',
    file: alter,
    find: 'return isEligible ? ErrorCode.NONE : ErrorCode.INELIGIBLE_REPLICA',
    replace: 'return isEligible || isr.length > 0 ? ErrorCode.NONE : ErrorCode.INELIGIBLE_REPLICA',
  },
  {
    name: 'a voter votes twice in an epoch',
    file: voting,
    find: 'if (raft.voted !== undefined) return raft.votedFor(request.candidate)',
    replace: 'if (raft.voted !== undefined) return isComplete',
  },
  {
    name: 'a voter elects whoever asks',
    file: voting,
    find: 'return raft.leaderId === NO_NODE && isComplete',
    replace: 'return raft.leaderId === NO_NODE',
  },
  {
    name: 'a controller commits what its predecessor left, by counting copies',
    file: serving,
    find: 'if (offset <= leader.epochStartOffset || offset <= raft.highWatermark) return',
    replace: 'if (offset <= raft.highWatermark) return',
  },
  {
    name: 'a controller commits what one voter has',
    file: serving,
    find: 'const offset = offsets[raft.majority - 1] ?? 0',
    replace: 'const offset = offsets[0] ?? 0',
  },
  {
    name: 'a controller counts what is not on its own disk',
    file: serving,
    find: 'matches(voter, raft.local) ? log.durableOffset : voterOffset(leader, voter)',
    replace: 'matches(voter, raft.local) ? log.endOffset : voterOffset(leader, voter)',
  },
]
