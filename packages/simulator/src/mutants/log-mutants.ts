/** Planted bugs of the log: what is durable, what survives, what is known of epochs and producers. */
import type { Mutant } from './mutant.ts'

const log = 'log/src/log.ts'
const sync = 'log/src/log-sync.ts'
const recovery = 'log/src/recovery.ts'
const epochs = 'log/src/leader-epochs.ts'
const producers = 'log/src/producer-state.ts'

export const LOG_MUTANTS: readonly Mutant[] = [
  {
    name: 'what was appended while a sync ran counts as synced',
    file: sync,
    find: 'this.#durableOffset = Math.max(this.#durableOffset, endOffset)',
    replace: 'this.#durableOffset = Math.max(this.#durableOffset, logEndOffset())',
    seed: 10,
  },
  {
    name: 'the name of a new segment is not synced',
    file: sync,
    find: 'if (directoryChanged) syncs.push(syncDirectory())',
    replace: 'if (directoryChanged && syncs.length > 99) syncs.push(syncDirectory())',
    seed: 9,
  },
  {
    name: 'a closed segment is not synced any more',
    file: sync,
    find: 'const syncs = segments.map((segment) => segment.sync())',
    replace: 'const syncs = segments.filter((segment) => segment.active).map((segment) => segment.sync())',
    seed: 45,
  },
  {
    name: 'a log that was cut counts as durable to its old end',
    file: sync,
    find: 'this.#durableOffset = Math.min(this.#durableOffset, endOffset)',
    replace: 'this.#durableOffset = Math.max(this.#durableOffset, endOffset)',
    seed: 1,
  },
  {
    name: 'epochs stay known when their records are cut off',
    file: log,
    find: 'if (this.epochs.truncateFromEnd(endOffset)) this.#persistEpochs()',
    replace: '',
    seed: 157,
  },
  {
    name: 'producers stay known when their records are cut off',
    file: log,
    find: 'const producers = await this.#guardAsync(this.#producersBefore(newEndOffset, remaining))',
    replace: 'const producers = this.producers',
    seed: 31,
  },
  {
    name: 'a replica does not learn of producers from what it appends',
    file: log,
    find: 'const aborted = noteProducer(this.producers, bytes, view, at, this.#options.codecs, nowMs)',
    replace:
      'const aborted = nowMs < 0 ? noteProducer(this.producers, bytes, view, at, this.#options.codecs, nowMs) : undefined',
    seed: 1,
  },
  {
    name: 'an epoch begins one record late',
    file: log,
    find: 'if (epoch > this.epochs.latestEpoch) this.assignEpoch(epoch, batchBaseOffset(view, at))',
    replace: 'if (epoch > this.epochs.latestEpoch) this.assignEpoch(epoch, batchBaseOffset(view, at) + 1)',
    seed: 1,
  },
  {
    name: 'after a crash the producers are not known',
    file: recovery,
    find: 'const aborted = noteProducer(recovery.producers, bytes, view, at, codecs, recovery.nowMs)',
    replace:
      'const aborted = recovery.nowMs < 0 ? noteProducer(recovery.producers, bytes, view, at, codecs, recovery.nowMs) : undefined',
    seed: 1,
  },
  {
    name: 'after a crash the epochs of recovered records are not known',
    file: recovery,
    find: 'if (epoch > recovery.epochs.latestEpoch) recovery.epochs.assign(epoch, batchBaseOffset(view, at))',
    replace: 'if (epoch < 0) recovery.epochs.assign(epoch, batchBaseOffset(view, at))',
    seed: 1,
  },
  {
    name: 'an older epoch ends where the log ends',
    file: epochs,
    find: 'return { leaderEpoch: floor?.epoch ?? epoch, endOffset: this.#entries[higher]!.startOffset }',
    replace: 'return { leaderEpoch: floor?.epoch ?? epoch, endOffset: logEndOffset }',
    seed: 2,
  },
  {
    name: 'a gap in the sequence numbers is taken for a retry',
    file: producers,
    find: 'return baseSequence === expected ? ProducerCheck.Accept : ProducerCheck.OutOfOrderSequence',
    replace: 'return baseSequence === expected ? ProducerCheck.Accept : ProducerCheck.Duplicate',
    seed: 3,
  },
  {
    name: 'readers see what was cut off',
    file: 'log/src/log-reader.ts',
    find: 'truncated(): void {',
    replace: 'truncated(): void {\n    if (this.#truncations >= 0) return',
    seed: 18,
  },
  {
    name: 'epochs are not written down',
    file: log,
    find: 'if (this.epochs.assign(epoch, startOffset)) this.#persistEpochs()',
    replace: 'this.epochs.assign(epoch, startOffset)',
    seed: 1,
  },
]
