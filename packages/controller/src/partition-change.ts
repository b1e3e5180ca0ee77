/**
 * From what a partition shall become to the one record that makes it so: completes reassignments, keeps the eligible
 * leader replicas, elects a leader where the present one will not do.
 *
 * Rules, in this order:
 * 1. When the target in-sync replicas hold all that a reassignment adds, the reassignment is complete (KIP-455).
 * 2. Below min.insync.replicas, who leaves the in-sync replicas becomes eligible, unless its disk may have lost something
 *    (KIP-966); at or above it, nobody is.
 * 3. A leader that is in sync and acceptable stays. Else the first replica that is; else, with no replica in sync, an
 *    eligible one; else the last leader known, or, where the topic allows, any replica. The last two may lose records:
 *    the new leader is alone in sync and recovering (KIP-704).
 * 4. Whose directory is not among those of its broker does not lead: another disk is in the place of the one that had the
 *    replica, or the broker itself calls it lost (KIP-858). Only an unclean election looks past that.
 * 5. A leader that stays gets a new epoch when a replica is taken away, and, before metadata.version 3.6-IV0, when the
 *    in-sync replicas shrink (KAFKA-15021).
 *
 * Invariant: one change raises the partition epoch by one, and the leader epoch by at most one.
 */
import {
  LeaderRecoveryState,
  mergeChange,
  metadataRecord,
  NO_LEADER,
  NO_LEADER_CHANGE,
  type MetadataRecord,
  type MetadataRecordInput,
  type PartitionRegistration,
  type TopicImage,
} from '@braidlog/metadata'
import { assert } from '@braidlog/base'
import { partitionRecordVersion, type Uuid } from '@braidlog/model'
import type { ControllerState } from './state.ts'

/** metadata.version from which replicas have directories, and from which a shrinking ISR needs no new leader epoch. */
const DIRECTORIES_LEVEL = 17
const NO_EPOCH_ON_SHRINK_LEVEL = 12

export type Election = 'online' | 'preferred' | 'unclean'

/** What is left out stays as it is. */
export interface PartitionTarget {
  readonly isr?: readonly number[]
  readonly replicas?: readonly number[]
  readonly addingReplicas?: readonly number[]
  readonly removingReplicas?: readonly number[]
  readonly leaderRecoveryState?: LeaderRecoveryState
  /** Of replicas that moved or were reported elsewhere. */
  readonly directories?: ReadonlyMap<number, Uuid>
  /** Replicas that came back without the mark of a clean shutdown: what they had may be gone. */
  readonly uncleanReplicas?: readonly number[]
  /** Replicas that came back on another disk: what they had is gone, and they are no leaders to fall back on. */
  readonly lostReplicas?: readonly number[]
  readonly election?: Election
  /** Who may lead. Default: brokers that are neither fenced nor shutting down. */
  readonly isAcceptable?: (brokerId: number) => boolean
}

type Change = {
  -readonly [K in keyof MetadataRecordInput<'PartitionChange'>]: MetadataRecordInput<'PartitionChange'>[K]
}

/** @returns `undefined`: nothing changes */
export function changePartition(
  state: ControllerState,
  topic: TopicImage,
  partitionId: number,
  target: PartitionTarget,
): MetadataRecord | undefined {
  const partition = topic.partitions.get(partitionId)!
  const change: Change = { topicId: topic.id, partitionId }
  const elrEnabled = state.eligibleLeaderReplicasEnabled
  const { isr: targetIsr, replicas, adding, removing } = completeReassignment(partition, target)
  const eligible = elrEnabled ? eligibleReplicas(state, topic, partition, targetIsr, replicas, target) : []

  const isActive = target.isAcceptable ?? ((id: number) => state.isActive(id))
  const isPlaced = (id: number) => state.isOnline(id, directoryOf(partition, id, target))
  const isAcceptable = (id: number, isUnclean: boolean) => isActive(id) && (isUnclean || isPlaced(id))
  const elected = elect({ partition, replicas, isr: targetIsr, eligible, isAcceptable, elrEnabled, target })
  let isr = targetIsr
  let elr = eligible
  if (elected.leader !== partition.leader) {
    change.leader = elected.leader
    if (elected.unclean) {
      isr = [elected.leader]
      elr = []
      if (partition.leaderRecoveryState !== LeaderRecoveryState.RECOVERING) {
        change.leaderRecoveryState = LeaderRecoveryState.RECOVERING
      }
    } else if (eligible.includes(elected.leader)) {
      isr = [elected.leader]
      elr = eligible.filter((id) => id !== elected.leader)
    }
  }
  // Without eligible replicas to fall back on, the last one in sync stays noted: only it is known to have everything.
  if (isr.length === 0 && !elrEnabled) isr = partition.isr
  if (!sameList(isr, partition.isr)) change.isr = [...isr]
  if (change.leader === undefined && needsNewEpoch(state, partition, replicas, isr)) change.leader = partition.leader
  if (!sameList(elr, partition.eligibleLeaderReplicas)) change.eligibleLeaderReplicas = [...elr]
  if (elrEnabled) noteLastLeader(partition, isr, change, target.lostReplicas ?? [])
  noteAssignment(state, partition, { replicas, adding, removing, directories: target.directories }, change)
  const recovery = target.leaderRecoveryState
  if (recovery !== undefined && recovery !== partition.leaderRecoveryState) change.leaderRecoveryState = recovery
  if (Object.keys(change).length === 2) return undefined
  return metadataRecord('PartitionChange', change, partitionRecordVersion(state.metadataVersion))
}

/** What a change that {@link changePartition} made turns the partition into. */
export function mergedPartition(partition: PartitionRegistration, record: MetadataRecord): PartitionRegistration {
  assert(record.type === 'PartitionChange', 'changes of partitions are PartitionChange records')
  return mergeChange(partition, record.value)
}

interface Assignment {
  readonly isr: readonly number[]
  readonly replicas: readonly number[]
  readonly adding: readonly number[]
  readonly removing: readonly number[]
}

function completeReassignment(partition: PartitionRegistration, target: PartitionTarget): Assignment {
  const isr = target.isr ?? partition.isr
  const replicas = target.replicas ?? partition.replicas
  const adding = target.addingReplicas ?? partition.addingReplicas
  const removing = target.removingReplicas ?? partition.removingReplicas
  const same = { isr, replicas, adding, removing }
  if (adding.length + removing.length === 0) return same
  if (!adding.every((id) => isr.includes(id))) return same
  const isrLeft = isr.filter((id) => !removing.includes(id))
  if (isrLeft.length === 0) return same
  return { isr: isrLeft, replicas: replicas.filter((id) => !removing.includes(id)), adding: [], removing: [] }
}

function eligibleReplicas(
  state: ControllerState,
  topic: TopicImage,
  partition: PartitionRegistration,
  isr: readonly number[],
  replicas: readonly number[],
  { uncleanReplicas = [] }: PartitionTarget,
): readonly number[] {
  const isrMin = Math.min(state.isrMin(topic.name), replicas.length)
  if (isr.length >= isrMin) return []
  const candidates = new Set([...partition.eligibleLeaderReplicas, ...partition.isr])
  return [...candidates].filter((id) => replicas.includes(id) && !isr.includes(id) && !uncleanReplicas.includes(id))
}

/** `undefined`: the replica is new, and goes where its broker puts it. */
function directoryOf(partition: PartitionRegistration, id: number, { directories }: PartitionTarget): Uuid | undefined {
  return directories?.get(id) ?? partition.directories[partition.replicas.indexOf(id)]
}

interface ElectionOf {
  readonly partition: PartitionRegistration
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
  readonly eligible: readonly number[]
  readonly isAcceptable: (brokerId: number, isUnclean: boolean) => boolean
  readonly elrEnabled: boolean
  readonly target: PartitionTarget
}

function elect(election: ElectionOf): { readonly leader: number; readonly unclean: boolean } {
  const { partition, replicas, isr, eligible, isAcceptable, elrEnabled, target } = election
  const mayLead = (id: number) =>
    (isr.includes(id) || (isr.length === 0 && eligible.includes(id))) && isAcceptable(id, false)
  if (target.election === 'preferred' && mayLead(replicas[0]!)) return { leader: replicas[0]!, unclean: false }
  if (mayLead(partition.leader)) return { leader: partition.leader, unclean: false }
  const next = replicas.find(mayLead)
  if (next !== undefined) return { leader: next, unclean: false }
  const [last, ...others] = partition.lastKnownElr
  if (elrEnabled && isr.length === 0 && eligible.length === 0 && last !== undefined && others.length === 0) {
    if (replicas.includes(last) && isAcceptable(last, false)) return { leader: last, unclean: true }
  }
  const any = target.election === 'unclean' ? replicas.find((id) => isAcceptable(id, true)) : undefined
  return any === undefined ? { leader: NO_LEADER, unclean: false } : { leader: any, unclean: true }
}

function needsNewEpoch(
  state: ControllerState,
  partition: PartitionRegistration,
  replicas: readonly number[],
  isr: readonly number[],
): boolean {
  if (!partition.replicas.every((id) => replicas.includes(id))) return true
  return state.metadataVersion < NO_EPOCH_ON_SHRINK_LEVEL && !partition.isr.every((id) => isr.includes(id))
}

/** A partition that loses its last leader remembers it; one that has a leader need not. */
function noteLastLeader(
  partition: PartitionRegistration,
  isr: readonly number[],
  change: Change,
  lost: readonly number[],
): void {
  const { lastKnownElr: known, leader: before } = partition
  const leader = change.leader ?? before
  if (leader !== NO_LEADER && leader !== NO_LEADER_CHANGE) {
    if (known.length > 0) change.lastKnownElr = []
  } else if (isr.length === 0 && before !== NO_LEADER && !(known.length === 1 && known[0] === before)) {
    change.lastKnownElr = [before]
  }
  const last = change.lastKnownElr ?? known
  const kept = last.filter((id) => !lost.includes(id))
  if (kept.length === last.length) return
  if (sameList(kept, known)) delete change.lastKnownElr
  else change.lastKnownElr = kept
}

function noteAssignment(
  state: ControllerState,
  partition: PartitionRegistration,
  target: Omit<Assignment, 'isr'> & { readonly directories: ReadonlyMap<number, Uuid> | undefined },
  change: Change,
): void {
  const { replicas, adding, removing } = target
  if (state.metadataVersion >= DIRECTORIES_LEVEL) {
    const directories = replicas.map((id) => {
      const at = partition.replicas.indexOf(id)
      return (
        target.directories?.get(id) ??
        (at >= 0 ? partition.directories[at]! : state.defaultDirectory(state.image.broker(id)))
      )
    })
    if (!sameList(directories, partition.directories)) change.directories = directories
  }
  if (!sameList(replicas, partition.replicas)) change.replicas = [...replicas]
  if (!sameList(removing, partition.removingReplicas)) change.removingReplicas = [...removing]
  if (!sameList(adding, partition.addingReplicas)) change.addingReplicas = [...adding]
}

export function sameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((each, index) => each === b[index])
}
