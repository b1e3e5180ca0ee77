/**
 * Groups of protocols that this machine does not serve (consumer, share and streams groups), as far as their records in
 * the log tell: which they are, and which keys are alive.
 *
 * The keys are kept so that such a group can be turned into a classic one, or deleted, by exactly the tombstones that its
 * own coordinator would write; without them compaction would keep its records for ever, and an Apache Kafka broker that
 * takes the log over would see two groups of one name. A member of such a group cannot be alive while this node
 * coordinates (nobody answers its heartbeats), so the group counts as empty.
 */
import type { ForeignProtocol, ForeignRecord } from './group-record.ts'

interface ForeignGroup {
  readonly protocol: ForeignProtocol
  readonly keys: Map<string, Uint8Array>
}

export class ForeignGroups {
  readonly #groups = new Map<string, ForeignGroup>()

  apply(record: ForeignRecord): void {
    const id = String.fromCharCode(...record.key)
    const group = this.#groups.get(record.groupId)
    if (record.alive) {
      if (group === undefined) {
        this.#groups.set(record.groupId, { protocol: record.protocol, keys: new Map([[id, record.key]]) })
      } else {
        group.keys.set(id, record.key)
      }
    } else if (group?.keys.delete(id) === true && group.keys.size === 0) {
      this.#groups.delete(record.groupId)
    }
  }

  has(groupId: string): boolean {
    return this.#groups.has(groupId)
  }

  protocolOf(groupId: string): ForeignProtocol | undefined {
    return this.#groups.get(groupId)?.protocol
  }

  /** Tombstones for all that is alive of the group; none when there is no such group. */
  tombstones(groupId: string): ForeignRecord[] {
    const group = this.#groups.get(groupId)
    if (group === undefined) return []
    const { protocol, keys } = group
    return Array.from(keys.values(), (key) => ({ kind: 'foreign', groupId, protocol, key, alive: false }))
  }

  *[Symbol.iterator](): Generator<{ readonly groupId: string; readonly protocol: ForeignProtocol }> {
    for (const [groupId, { protocol }] of this.#groups) yield { groupId, protocol }
  }
}
