/**
 * `storage format` and `storage info`: turns an empty directory into one that a node can start on, as Apache Kafka's
 * `kafka-storage format` would, and says what a directory is.
 *
 * Order: bootstrap.checkpoint, the snapshot of a dynamic quorum, then meta.properties. A directory counts as formatted
 * when meta.properties is there, so a crash on the way leaves one that is formatted again from the start.
 */
import type { Random, Storage } from '@braidlog/base'
import { makeDirectoryDurably } from '@braidlog/log'
import {
  defaultFeatureLevels,
  KRAFT_VERSION_FEATURE,
  METADATA_VERSION_FEATURE,
  METADATA_VERSION_LATEST,
  METADATA_VERSION_MIN,
  metadataVersionName,
  randomUuid,
  SUPPORTED_FEATURES,
  type Uuid,
} from '@braidlog/model'
import type { Codecs } from '@braidlog/records'
import { bootstrapRecords, readBootstrapFile, writeBootstrapFile } from './bootstrap.ts'
import { MetadataError } from './errors.ts'
import { readMetaProperties, writeMetaProperties } from './meta-properties.ts'
import type { MetadataRecord } from './record.ts'
import {
  BOOTSTRAP_SNAPSHOT_ID,
  listSnapshots,
  readSnapshot,
  writeSnapshot,
  type SnapshotQuorum,
} from './snapshot-file.ts'

/** Directory of the quorum's log inside the metadata log directory. */
export const METADATA_LOG_DIRECTORY = '__cluster_metadata-0'

/** Where a voter's controller listens. */
export interface VoterEndpoint {
  /** Listener name. */
  readonly name: string
  readonly host: string
  readonly port: number
}

/** A voter of a new quorum. */
export interface InitialController {
  readonly nodeId: number
  /** `directory.id` of its meta.properties. */
  readonly directoryId: Uuid
  readonly endpoints: readonly VoterEndpoint[]
}

export interface FormatOptions {
  readonly storage: Storage
  readonly codecs: Codecs
  readonly random: Random
  /** Milliseconds since the Unix epoch, for the timestamps inside the files. */
  readonly nowMs: number
  /** The log directory; made when missing. */
  readonly directory: string
  readonly clusterId: string
  readonly nodeId: number
  /** Level of metadata.version; the latest by default. */
  readonly metadataVersion?: number
  /** Levels of other features; by default what the metadata.version implies. */
  readonly features?: ReadonlyMap<string, number>
  /** More records for the new cluster, such as SCRAM credentials. */
  readonly records?: readonly MetadataRecord[]
  /**
   * Where this node's controller listens: makes a dynamic quorum (kraft.version 1) with this node as its only voter, as
   * `kafka-storage format --standalone`.
   */
  readonly standalone?: readonly VoterEndpoint[]
  /**
   * Makes a dynamic quorum of these voters, this node among them, as `kafka-storage format --initial-controllers`; every one
   * of them is formatted with the same. Without this and `standalone` the quorum is static (`controller.quorum.voters` names
   * it), or to be found at `controller.quorum.bootstrap.servers`.
   */
  readonly initialControllers?: readonly InitialController[]
  /** A directory that is formatted already is left as it is instead of refused. */
  readonly ignoreFormatted?: boolean
}

export interface FormatResult {
  /** False: it was formatted already and `ignoreFormatted` was set. */
  readonly formatted: boolean
  readonly directoryId: Uuid | undefined
}

/** @throws MetadataError `ALREADY_FORMATTED`, `MISMATCH`, `UNSUPPORTED_FEATURE` */
export async function formatStorage(options: FormatOptions): Promise<FormatResult> {
  const { storage, directory, clusterId, nodeId } = options
  const existing = readMetaProperties(storage, directory)
  if (existing !== undefined) {
    if (existing.clusterId !== clusterId || existing.nodeId !== nodeId) {
      throw new MetadataError(
        'MISMATCH',
        `${directory} belongs to node ${existing.nodeId} of cluster ${existing.clusterId}, ` +
          `not to node ${nodeId} of cluster ${clusterId}`,
      )
    }
    if (options.ignoreFormatted !== true) {
      throw new MetadataError('ALREADY_FORMATTED', `${directory} is already formatted; nothing was changed`)
    }
    return { formatted: false, directoryId: existing.directoryId }
  }

  const records = [...bootstrapRecords(effectiveFeatures(options)), ...(options.records ?? [])]
  const own = options.initialControllers?.find((controller) => controller.nodeId === nodeId)
  if (options.initialControllers !== undefined && own === undefined) {
    throw new MetadataError('MISMATCH', `node ${nodeId} is none of the initial controllers`)
  }
  const directoryId = own?.directoryId ?? randomUuid(options.random)
  await makeDirectoryDurably(storage, directory)
  await writeBootstrapFile(storage, directory, records, options)
  const { standalone, initialControllers = standalone && [{ nodeId, directoryId, endpoints: standalone }] } = options
  if (initialControllers !== undefined) {
    const logDirectory = `${directory}/${METADATA_LOG_DIRECTORY}`
    await makeDirectoryDurably(storage, logDirectory)
    const quorum = quorumOf(initialControllers)
    const contents = { lastContainedLogTimestampMs: options.nowMs, quorum, records: [] }
    await writeSnapshot(storage, logDirectory, BOOTSTRAP_SNAPSHOT_ID, contents, options)
  }
  await writeMetaProperties(storage, directory, { version: 1, clusterId, nodeId, directoryId })
  await storage.syncDirectory(directory)
  return { formatted: true, directoryId }
}

/** kraft.version 1 with these voters. */
function quorumOf(controllers: readonly InitialController[]): SnapshotQuorum {
  const kRaftVersionFeature = { minSupportedVersion: 0, maxSupportedVersion: 1 }
  const voters = controllers.map(({ nodeId: voterId, directoryId: voterDirectoryId, endpoints }) => ({
    voterId,
    voterDirectoryId,
    endpoints,
    kRaftVersionFeature,
  }))
  return { kraftVersion: { version: 0, kRaftVersion: 1 }, voters: { version: 0, voters } }
}

function effectiveFeatures(options: FormatOptions): Map<string, number> {
  const metadataVersion = options.metadataVersion ?? METADATA_VERSION_LATEST
  const levels = defaultFeatureLevels(metadataVersion)
  for (const [name, level] of options.features ?? []) levels.set(name, level)
  // kraft.version is not a metadata record: the voters' snapshot carries it.
  levels.delete(KRAFT_VERSION_FEATURE)
  levels.set(METADATA_VERSION_FEATURE, metadataVersion)
  for (const [name, level] of levels) {
    const range = SUPPORTED_FEATURES.find((each) => each.name === name)
    if (range !== undefined && level >= Math.min(range.levelMin, 1) && level <= range.levelMax) continue
    const known = SUPPORTED_FEATURES.map((each) => `${each.name} ${each.levelMin}-${each.levelMax}`).join(', ')
    throw new MetadataError('UNSUPPORTED_FEATURE', `${name}=${level} is not supported; supported are ${known}`)
  }
  if (metadataVersion < METADATA_VERSION_MIN) {
    throw new MetadataError(
      'UNSUPPORTED_FEATURE',
      `metadata.version ${metadataVersion} is older than ${metadataVersionName(METADATA_VERSION_MIN)}, the oldest supported`,
    )
  }
  return levels
}

/** What `storage info` shows. */
export interface StorageInspection {
  readonly directory: string
  readonly formatted: boolean
  /** In plain words; empty when all is well. */
  readonly problems: readonly string[]
  readonly clusterId: string | undefined
  readonly nodeId: number | undefined
  readonly directoryId: Uuid | undefined
  /** Levels that the directory was formatted with; a cluster that has run may have raised them since. */
  readonly bootstrapFeatures: ReadonlyMap<string, number>
  /** End offset of the newest metadata snapshot. */
  readonly snapshotEndOffset: number | undefined
  /** Whether the quorum was formatted with voters of its own. `undefined`: this directory holds no quorum yet. */
  readonly kraftVersion: number | undefined
}

/** Reads, changes nothing, and does not throw because of what it finds. */
export function inspectStorage(storage: Storage, directory: string, codecs: Codecs): StorageInspection {
  const problems: string[] = []
  const attempt = <T>(read: () => T): T | undefined => {
    try {
      return read()
    } catch (error) {
      problems.push((error as Error).message)
      return undefined
    }
  }
  const properties = attempt(() => readMetaProperties(storage, directory))
  const formatted = properties !== undefined
  const bootstrap = formatted ? attempt(() => readBootstrapFile(storage, directory, codecs)) : undefined
  const bootstrapFeatures = new Map<string, number>()
  for (const record of bootstrap ?? []) {
    if (record.type === 'FeatureLevel') bootstrapFeatures.set(record.value.name, record.value.featureLevel)
  }
  const logDirectory = `${directory}/${METADATA_LOG_DIRECTORY}`
  const newest = attempt(() => listSnapshots(storage, logDirectory).at(-1))
  const snapshot = newest && attempt(() => readSnapshot(storage, logDirectory, newest, codecs))
  const version = snapshot?.controls.find((control) => control.type === 'kraftVersion')
  return {
    directory,
    formatted,
    problems,
    clusterId: properties?.clusterId,
    nodeId: properties?.nodeId,
    directoryId: properties?.directoryId,
    bootstrapFeatures,
    snapshotEndOffset: newest?.endOffset,
    kraftVersion: version?.message.kRaftVersion ?? (storage.exists(logDirectory) ? 0 : undefined),
  }
}
