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
    seed: 1,
  },
  {
    name: 'the high watermark does not wait for the replicas in sync',
    file: replicaSet,
    find: 'if (counts) offset = follower.logEndOffset',
    replace: 'if (counts && nowMs < 0) offset = follower.logEndOffset',
    seed: 1,
  },
  {
    name: 'a follower joins whatever it has',
    file: replicaSet,
    find: 'follower.logEndOffset >= Math.max(highWatermark, this.#epochStartOffset)',
    replace: 'follower.logEndOffset >= Math.min(0, highWatermark)',
    seed: 5,
  },
  {
    name: 'who has left the in-sync replicas is not waited for before the controller has agreed',
    file: replicaSet,
    find: "    if (kept.length < this.#state.isr.length) this.#propose('shrink', kept)",
    replace:
      "    if (kept.length < this.#state.isr.length) { this.#propose('shrink', kept); this.#state = { ...this.#state, isr: kept } }",
    seed: 2,
  },
  {
    name: 'records are committed with fewer replicas in sync than the topic asks for',
    file: progress,
    find: 'if (this.#role.offline || replicas.isUnderMinIsr(log.config.minInsyncReplicas)) return',
    replace: 'if (this.#role.offline) return',
    seed: 6,
  },
  {
    name: 'a follower takes produces',
    file: role,
    find: 'if (onlyLeader && !this.#leads) return',
    replace: 'if (onlyLeader && !this.#leads && currentLeaderEpoch >= 0) return',
    seed: 1,
  },
  {
    name: 'a replica that leads no longer goes on as a leader',
    file: role,
    find: 'this.#leads = leader === this.#nodeId',
    replace: 'this.#leads = this.#leads || leader === this.#nodeId',
    seed: 3,
  },
  {
    name: 'what is not synced counts as stored',
    file: progress,
    find: "if (this.#durability === 'durable') this.#stored(this.#log.durableOffset, this.#syncingBytes)",
    replace: "if (this.#durability === 'durable') this.#stored(this.#log.logEndOffset, this.#appendedBytes)",
    seed: 10,
  },
  {
    name: 'a new leader counts what is not on its disk',
    file: progress,
    find: 'this.#storedOffset = Math.max(this.#storedOffset, this.#log.durableOffset)',
    replace: 'this.#storedOffset = Math.max(this.#storedOffset, this.#log.logEndOffset)',
    seed: 10,
  },
  {
    name: 'a follower takes more for committed than it has',
    file: progress,
    find: 'const highWatermark = Math.min(this.#toldHighWatermark, this.#log.writtenOffset)',
    replace: 'const highWatermark = this.#toldHighWatermark',
    seed: 5,
  },
  {
    name: 'a follower says that it has what it has not synced',
    file: progress,
    find: "if (this.#durability === 'durable' && log.durableOffset < log.logEndOffset) await log.flush()",
    replace: "if (this.#durability === 'page-cache' && log.durableOffset < log.logEndOffset) await log.flush()",
    seed: 1,
  },
  {
    name: 'the leader does not tell a follower where their logs part',
    file: reading,
    find: 'if (end.leaderEpoch < lastFetchedEpoch || end.endOffset < fetchOffset)',
    replace: 'if (end.leaderEpoch < -9 && end.endOffset < fetchOffset)',
    seed: 2,
  },
  {
    name: 'consumers read what is not committed',
    file: reading,
    find: "const upToOffset = isolation === 'read-committed' ? this.#progress.lastStableOffset : this.#progress.highWatermark",
    replace: "const upToOffset = isolation === 'read-committed' ? this.#log.logEndOffset : this.#log.logEndOffset",
    seed: 1,
  },
  {
    name: 'followers are given only what is committed',
    file: reading,
    find: 'return { offset: fetchOffset, maxBytes, upToOffset: this.#log.writtenOffset, minOneBatch }',
    replace: 'return { offset: fetchOffset, maxBytes, upToOffset: this.#progress.highWatermark, minOneBatch }',
    seed: 1,
  },
  {
    name: 'a follower does not say of which epoch its last record is',
    file: following,
    find: 'const lastFetchedEpoch = logEndOffset > logStartOffset ? this.#log.epochAt(logEndOffset - 1) : -1',
    replace: 'const lastFetchedEpoch = logEndOffset > logStartOffset ? Math.min(-1, this.#log.epochAt(0)) : -1',
    seed: 2,
  },
  {
    name: 'a follower keeps more of an epoch than its leader has',
    file: follower,
    find: 'return Math.min(own.endOffset, leader.endOffset, log.logEndOffset)',
    replace: 'return Math.min(own.endOffset, log.logEndOffset)',
    seed: 1,
  },
  {
    name: 'retries are appended again',
    file: 'partition/src/appending.ts',
    find: 'const known = this.#checkProducer(view, start, options)',
    replace: 'const known = config === undefined ? this.#checkProducer(view, start, options) : undefined',
    seed: 1,
  },
  {
    name: 'a retry is acknowledged though its first attempt is not committed yet',
    file: 'partition/src/appending.ts',
    find: 'requiredOffset: this.#requiredOffset(options),\n        }\n      }\n      case ProducerCheck.OutOfOrderSequence:',
    replace: 'requiredOffset: 0,\n        }\n      }\n      case ProducerCheck.OutOfOrderSequence:',
    seed: 1,
  },
  {
    name: 'what waits for an offset is answered one record early',
    file: 'partition/src/waiting-room.ts',
    find: 'if (entry.requiredOffset > offset) break',
    replace: 'if (entry.requiredOffset > offset + 1) break',
    seed: 1,
  },
  {
    name: 'a replica that has started takes all that it has for committed',
    file: progress,
    find: 'this.#highWatermark = Math.min(Math.max(options.checkpointedHighWatermark, logStartOffset), logEndOffset)',
    replace: 'this.#highWatermark = Math.max(options.checkpointedHighWatermark, logStartOffset, logEndOffset)',
    seed: 24,
  },
]
