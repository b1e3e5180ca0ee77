/**
 * When committed offsets are forgotten (KIP-211).
 *
 * | group | an offset expires … after |
 * |---|---|
 * | offset-only | its last commit |
 * | without members | the group became empty (its last commit, where an old record does not say) |
 * | stable, consumers | its last commit, if no member subscribes to the topic any more |
 * | anything else | never |
 *
 * A commit that named its own retention time (OffsetCommit up to v4) expires then instead. Never while an open
 * transaction may still change the offset.
 */
import type { ClassicGroup } from './classic-group.ts'
import type { CommittedOffset, Offsets } from './offsets.ts'
import type { Step } from './step.ts'

/**
 * Leaves tombstones for what has expired in the step.
 * @returns true when the group has no offsets left
 */
export function expireOffsets(step: Step, offsets: Offsets, group: ClassicGroup): boolean {
  const { groupId } = group
  const base = expiryBase(group)
  let allExpired = !offsets.hasOpenTransaction(groupId)
  for (const [topic, partitions] of offsets.of(groupId) ?? []) {
    for (const [partition, offset] of partitions) {
      const expires =
        base !== undefined &&
        !group.isSubscribedTo(topic) &&
        isExpired(step, offset, base(offset)) &&
        !offsets.isUnstable(groupId, topic, partition)
      if (expires) step.records.push({ kind: 'offset', groupId, topic, partition, value: null })
      else allExpired = false
    }
  }
  return allExpired
}

function expiryBase(group: ClassicGroup): ((offset: CommittedOffset) => number) | undefined {
  if (group.protocolType === undefined) return (offset) => offset.commitTimestamp
  if (group.state() === 'Empty') return (offset) => group.stateTimestampMs ?? offset.commitTimestamp
  if (group.state() === 'Stable' && group.usesConsumerProtocol() && group.topics !== undefined) {
    return (offset) => offset.commitTimestamp
  }
  return undefined
}

function isExpired(step: Step, offset: CommittedOffset, baseMs: number): boolean {
  if (offset.expireTimestamp !== -1) return step.now.wallMs >= offset.expireTimestamp
  return step.now.wallMs - baseMs >= step.config.offsetsRetentionMs
}
