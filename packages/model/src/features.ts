/**
 * Features and the metadata.version levels: what a cluster has agreed to use, and what each level switches on.
 *
 * A node may join a cluster when its supported range of every feature contains the finalized level, and it never
 * writes a record or speaks a version above that level.
 * Source: `MetadataVersion`, `Feature` and friends of Apache Kafka 4.3.
 */

export const METADATA_VERSION_FEATURE = 'metadata.version'
export const KRAFT_VERSION_FEATURE = 'kraft.version'
export const TRANSACTION_VERSION_FEATURE = 'transaction.version'
export const GROUP_VERSION_FEATURE = 'group.version'
export const ELIGIBLE_LEADER_REPLICAS_FEATURE = 'eligible.leader.replicas.version'
export const SHARE_VERSION_FEATURE = 'share.version'
export const STREAMS_VERSION_FEATURE = 'streams.version'

export interface MetadataVersionLevel {
  readonly level: number
  /** Such as `4.3-IV0`. */
  readonly name: string
  /** The release without its internal number, such as `4.3`. */
  readonly release: string
  /** Records changed at this level: a downgrade across it would lose metadata and is refused. */
  readonly didMetadataChange: boolean
}

function level(number: number, name: string, didMetadataChange: boolean): MetadataVersionLevel {
  return { level: number, name, release: name.slice(0, name.indexOf('-')), didMetadataChange }
}

export const METADATA_VERSION_LEVELS: readonly MetadataVersionLevel[] = [
  level(7, '3.3-IV3', true),
  level(8, '3.4-IV0', true),
  level(9, '3.5-IV0', false),
  level(10, '3.5-IV1', false),
  level(11, '3.5-IV2', true),
  level(12, '3.6-IV0', false),
  level(13, '3.6-IV1', true),
  level(14, '3.6-IV2', true),
  level(15, '3.7-IV0', true),
  level(16, '3.7-IV1', false),
  level(17, '3.7-IV2', true),
  level(18, '3.7-IV3', false),
  level(19, '3.7-IV4', false),
  level(20, '3.8-IV0', false),
  level(21, '3.9-IV0', false),
  level(22, '4.0-IV0', false),
  level(23, '4.0-IV1', true),
  level(24, '4.0-IV2', false),
  level(25, '4.0-IV3', false),
  level(26, '4.1-IV0', false),
  level(27, '4.1-IV1', false),
  level(28, '4.2-IV0', false),
  level(29, '4.2-IV1', false),
  level(30, '4.3-IV0', true),
]

export const METADATA_VERSION_MIN = 7
/** The level that new directories are formatted with. */
export const METADATA_VERSION_LATEST = 30

export function metadataVersionName(number: number): string {
  return METADATA_VERSION_LEVELS.find((each) => each.level === number)?.name ?? `unknown (${number})`
}

/** @param text a name (`4.3-IV0`), a release (`4.3`: its newest level) or a level number @returns the level, if any */
export function parseMetadataVersion(text: string): MetadataVersionLevel | undefined {
  return METADATA_VERSION_LEVELS.findLast(
    (each) => each.name === text || each.release === text || String(each.level) === text,
  )
}

export interface FeatureRange {
  readonly name: string
  readonly levelMin: number
  readonly levelMax: number
}

/**
 * What this release can work with: it keeps the records of every level. A level says what the cluster's metadata may hold,
 * not which APIs are served: new directories get the levels that Apache Kafka gives them, so that either can take over, and
 * share and streams groups are offered to clients by advertising their APIs, which this release does not.
 */
export const SUPPORTED_FEATURES: readonly FeatureRange[] = [
  { name: ELIGIBLE_LEADER_REPLICAS_FEATURE, levelMin: 0, levelMax: 1 },
  { name: GROUP_VERSION_FEATURE, levelMin: 0, levelMax: 1 },
  { name: KRAFT_VERSION_FEATURE, levelMin: 0, levelMax: 1 },
  { name: METADATA_VERSION_FEATURE, levelMin: METADATA_VERSION_MIN, levelMax: METADATA_VERSION_LATEST },
  { name: SHARE_VERSION_FEATURE, levelMin: 0, levelMax: 1 },
  { name: STREAMS_VERSION_FEATURE, levelMin: 0, levelMax: 1 },
  { name: TRANSACTION_VERSION_FEATURE, levelMin: 0, levelMax: 2 },
]

/** From which metadata.version on a new cluster begins with a feature switched on, and at which level. */
const FEATURE_DEFAULTS: readonly (readonly [name: string, metadataVersion: number, level: number])[] = [
  [GROUP_VERSION_FEATURE, 22, 1],
  [TRANSACTION_VERSION_FEATURE, 24, 2],
  [ELIGIBLE_LEADER_REPLICAS_FEATURE, 26, 1],
  [SHARE_VERSION_FEATURE, 28, 1],
  [STREAMS_VERSION_FEATURE, 29, 1],
]

/** Levels that formatting at a metadata.version implies, those at 0 left out. */
export function defaultFeatureLevels(metadataVersion: number): Map<string, number> {
  return new Map(FEATURE_DEFAULTS.filter((each) => metadataVersion >= each[1]).map(([name, , level]) => [name, level]))
}

/** Record versions that a metadata.version selects. */
export function registerBrokerRecordVersion(metadataVersion: number): number {
  return metadataVersion >= 30 ? 4 : metadataVersion >= 17 ? 3 : metadataVersion >= 8 ? 2 : 1
}

/** Newest Fetch that a follower may send to its leader. */
export function replicaFetchVersion(metadataVersion: number): number {
  if (metadataVersion >= 27) return 18
  if (metadataVersion >= 21) return 17
  if (metadataVersion >= 19) return 16
  return metadataVersion >= 10 ? 15 : metadataVersion >= 9 ? 14 : 13
}

/** Newest ListOffsets that a follower may send to its leader. */
export function replicaListOffsetsVersion(metadataVersion: number): number {
  if (metadataVersion >= 29) return 11
  if (metadataVersion >= 25) return 10
  return metadataVersion >= 21 ? 9 : metadataVersion >= 9 ? 8 : 7
}

/** Of PartitionRecord and PartitionChangeRecord alike. */
export function partitionRecordVersion(metadataVersion: number): number {
  return metadataVersion >= 23 ? 2 : metadataVersion >= 17 ? 1 : 0
}
