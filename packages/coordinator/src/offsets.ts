/**
 * Committed offsets of all groups of a shard, and those that wait for the end of a transaction.
 *
 * Replicated state: written by replaying records and transaction markers only.
 *
 * Invariant: a partition's committed offset is the one with the highest record offset among plain commits and committed
 * transactions. Compaction may keep a transaction's record after a newer plain commit, or the other way round, so
 * position in the log decides, not the order of replay.
 */
import type { OffsetCommitValue } from '@braidlog/protocol'

export interface CommittedOffset extends OffsetCommitValue {
  /** Where in `__consumer_offsets` it stands. */
  readonly recordOffset: number
}

export interface OffsetKey {
  readonly groupId: string
  readonly topic: string
  readonly partition: number
}

/** Topic → partition → offset. */
export type GroupOffsets = ReadonlyMap<string, ReadonlyMap<number, CommittedOffset>>

type OffsetTable = Map<string, Map<string, Map<number, CommittedOffset>>>

export class Offsets {
  readonly #committed: OffsetTable = new Map()
  /** Producer id → what its open transaction commits. */
  readonly #pending = new Map<number, OffsetTable>()

  of(groupId: string): GroupOffsets | undefined {
    return this.#committed.get(groupId)
  }

  get({ groupId, topic, partition }: OffsetKey): CommittedOffset | undefined {
    return this.#committed.get(groupId)?.get(topic)?.get(partition)
  }

  groupIds(): IterableIterator<string> {
    return this.#committed.keys()
  }

  /** An open transaction may still change this partition's offset. */
  isUnstable(groupId: string, topic: string, partition: number): boolean {
    for (const table of this.#pending.values()) {
      if (table.get(groupId)?.get(topic)?.has(partition) === true) return true
    }
    return false
  }

  hasOpenTransaction(groupId: string): boolean {
    for (const table of this.#pending.values()) if (table.has(groupId)) return true
    return false
  }

  /** Partitions of the group that open transactions touch. */
  *pendingOf(groupId: string): Generator<{ readonly topic: string; readonly partition: number }> {
    for (const table of this.#pending.values()) {
      for (const [topic, partitions] of table.get(groupId) ?? []) {
        for (const partition of partitions.keys()) yield { topic, partition }
      }
    }
  }

  /** @param producerId -1 for a plain commit */
  commit(key: OffsetKey, value: OffsetCommitValue, recordOffset: number, producerId: number): void {
    const offset = { ...value, recordOffset }
    if (producerId === -1) {
      put(this.#committed, key, offset)
      return
    }
    let table = this.#pending.get(producerId)
    if (table === undefined) this.#pending.set(producerId, (table = new Map()))
    put(table, key, offset)
  }

  /** A tombstone also takes back what open transactions have committed for the partition. */
  delete(key: OffsetKey): void {
    remove(this.#committed, key)
    for (const [producerId, table] of this.#pending) {
      remove(table, key)
      if (table.size === 0) this.#pending.delete(producerId)
    }
  }

  /** @returns the groups whose offsets this may have changed */
  endTransaction(producerId: number, committed: boolean): Iterable<string> {
    const table = this.#pending.get(producerId)
    if (table === undefined) return []
    this.#pending.delete(producerId)
    if (!committed) return []
    for (const [groupId, topics] of table) {
      for (const [topic, partitions] of topics) {
        for (const [partition, offset] of partitions) {
          const key = { groupId, topic, partition }
          const current = this.get(key)
          if (current === undefined || current.recordOffset < offset.recordOffset) put(this.#committed, key, offset)
        }
      }
    }
    return table.keys()
  }
}

function put(table: OffsetTable, { groupId, topic, partition }: OffsetKey, offset: CommittedOffset): void {
  let topics = table.get(groupId)
  if (topics === undefined) table.set(groupId, (topics = new Map()))
  let partitions = topics.get(topic)
  if (partitions === undefined) topics.set(topic, (partitions = new Map()))
  partitions.set(partition, offset)
}

function remove(table: OffsetTable, { groupId, topic, partition }: OffsetKey): void {
  const topics = table.get(groupId)
  const partitions = topics?.get(topic)
  if (topics === undefined || partitions?.delete(partition) !== true) return
  if (partitions.size === 0) topics.delete(topic)
  if (topics.size === 0) table.delete(groupId)
}
