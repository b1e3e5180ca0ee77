/** Planted bugs of one partition: its leader, its followers, and what counts as committed. */
import type { Mutant } from './mutant.ts'

const progress = 'partition/src/progress.ts'
const replicaSet = 'partition/src/replica-set.ts'
const following = 'partition/src/following.ts'
const follower = 'partition/src/follower.ts'
const reading = 'partition/src/reading.ts'
const role = 'partition/src/role.ts'

export const PARTITION_MUTANTS: readonly Mutant[] = [
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
    name: 'records are committed with fewer replicas in sync than the topic asks for',
    file: progress,
    find: 'if (this.#role.offline || replicas.isUnderMinIsr(log.config.minInsyncReplicas)) return',
    replace: 'if (this.#role.offline) return',
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
    find: 'if (leaderEpoch < this.#leaderEpoch || partitionEpoch < this.#partitionEpoch) return false',
    replace: 'if (leaderEpoch < 0 && partitionEpoch < 0) return false',
  },
  {
    name: 'a follower takes produces',
    file: role,
    find: 'if (onlyLeader && !this.#leads) return',
    replace: 'if (onlyLeader && !this.#leads && currentLeaderEpoch >= 0) return',
  },
  {
    name: 'a replica that leads no longer goes on as a leader',
    file: role,
    find: 'this.#leads = leader === this.#nodeId',
    replace: 'this.#leads = this.#leads || leader === this.#nodeId',
  },
  {
    name: 'who waits for a commit is not told that the leader has become a follower',
    file: progress,
    find: 'this.#rooms.failed(this.#partition, ErrorCode.NOT_LEADER_OR_FOLLOWER)',
    replace: '',
  },
  {
    name: 'what is not synced counts as stored',
    file: progress,
    find: "if (this.#durability === 'durable') this.#stored(this.#log.durableOffset, this.#syncingBytes)",
    replace: "if (this.#durability === 'durable') this.#stored(this.#log.logEndOffset, this.#appendedBytes)",
  },
  {
    name: 'a new leader counts what is not on its disk',
    file: progress,
    find: 'this.#storedOffset = Math.max(this.#storedOffset, this.#log.durableOffset)',
    replace: 'this.#storedOffset = Math.max(this.#storedOffset, this.#log.logEndOffset)',
  },
  {
    name: 'what was stored counts after it was cut off',
    file: progress,
    find: 'this.#storedOffset = Math.min(this.#storedOffset, log.logEndOffset)',
    replace: '',
  },
  {
    name: 'a follower takes more for committed than it has',
    file: progress,
    find: 'const highWatermark = Math.min(leaderHighWatermark, this.#log.logEndOffset)',
    replace: 'const highWatermark = leaderHighWatermark',
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
    name: 'consumers read what is not committed',
    file: reading,
    find: "const upToOffset = isolation === 'read-committed' ? this.#progress.lastStableOffset : this.#progress.highWatermark",
    replace: "const upToOffset = isolation === 'read-committed' ? this.#log.logEndOffset : this.#log.logEndOffset",
  },
  {
    name: 'followers are given only what is committed',
    file: reading,
    find: 'return { offset: fetchOffset, maxBytes, upToOffset: this.#log.logEndOffset, minOneBatch }',
    replace: 'return { offset: fetchOffset, maxBytes, upToOffset: this.#progress.highWatermark, minOneBatch }',
  },
  {
    name: 'a follower does not say of which epoch its last record is',
    file: following,
    find: 'const lastFetchedEpoch = logEndOffset > logStartOffset ? latestEpoch : -1',
    replace: 'const lastFetchedEpoch = logEndOffset > logStartOffset ? Math.min(-1, latestEpoch) : -1',
  },
  {
    name: 'a follower appends what an earlier leader has sent it',
    file: following,
    find: "if (now === undefined || now.leaderEpoch !== position.leaderEpoch) return { action: 'await-metadata' }",
    replace: "if (now === undefined) return { action: 'await-metadata' }",
  },
  {
    name: 'a log is cut on the word of a leader that has been succeeded',
    file: following,
    find: 'if (this.#role.leads || leaderEpoch !== this.#role.leaderEpoch) return\n    await this.#log.truncateTo(offset)',
    replace: 'if (leaderEpoch < 0) return\n    await this.#log.truncateTo(offset)',
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
    name: 'a follower keeps an epoch that its leader does not have',
    file: follower,
    find: 'if (own.leaderEpoch !== leader.leaderEpoch) return Math.min(own.endOffset, log.logEndOffset)',
    replace: 'if (own.leaderEpoch !== leader.leaderEpoch) return log.logEndOffset',
  },
  {
    name: 'a follower starts again from its old end when the leader has less',
    file: follower,
    find: "if (leader.endOffset < logEndOffset) return { action: 'truncate', offset: leader.endOffset }",
    replace: 'if (leader.endOffset < logEndOffset) return undefined',
  },
  {
    name: 'retries are appended again',
    file: 'partition/src/appending.ts',
    find: 'const known = this.#checkProducer(view, start, options)',
    replace: 'const known = config === undefined ? this.#checkProducer(view, start, options) : undefined',
  },
  {
    name: 'a retry is acknowledged though its first attempt is not committed yet',
    file: 'partition/src/appending.ts',
    find: 'requiredOffset: this.#requiredOffset(options),\n        }\n      }\n      case ProducerCheck.OutOfOrderSequence:',
    replace: 'requiredOffset: 0,\n        }\n      }\n      case ProducerCheck.OutOfOrderSequence:',
  },
  {
    name: 'what waits for an offset is answered one record early',
    file: 'partition/src/waiting-room.ts',
    find: 'if (entry.requiredOffset > offset) break',
    replace: 'if (entry.requiredOffset > offset + 1) break',
  },
]
