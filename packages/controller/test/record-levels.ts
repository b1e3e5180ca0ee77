/**
 * Which records a level of metadata.version has, and in which version at most: a node at that level of an older release knows
 * no others. Source: KIP-584, KIP-841, KIP-858, KIP-866, KIP-900, KIP-919, KIP-966, KIP-1066; `MetadataVersion` of
 * Apache Kafka 4.3, told anew here so that a slip in our own tables shows.
 */
import type { MetadataRecordType } from '@braidlog/metadata'

/** `[level, version]` from which level on which version may be written. Types that are missing: version 0, always. */
const LEVELS: Partial<Record<MetadataRecordType, readonly (readonly [level: number, version: number])[]>> = {
  RegisterBroker: [
    [7, 1],
    [8, 2],
    [17, 3],
    [30, 4],
  ],
  BrokerRegistrationChange: [
    [7, 1],
    [17, 2],
    [30, 3],
  ],
  Partition: [
    [7, 0],
    [17, 1],
    [23, 2],
  ],
  PartitionChange: [
    [7, 0],
    [17, 1],
    [23, 2],
  ],
  UserScramCredential: [[11, 0]],
  RemoveUserScramCredential: [[11, 0]],
  BeginTransaction: [[13, 0]],
  EndTransaction: [[13, 0]],
  AbortTransaction: [[13, 0]],
  DelegationToken: [[14, 0]],
  RemoveDelegationToken: [[14, 0]],
  RegisterController: [[15, 0]],
  ClearElr: [[23, 0]],
}

/** @returns -1: not at this level */
export function highestVersion(type: MetadataRecordType, level: number): number {
  const levels = LEVELS[type] ?? [[7, 0]]
  return levels.findLast(([from]) => level >= from)?.[1] ?? -1
}
