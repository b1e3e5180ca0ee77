/**
 * `storage format`: turns an empty directory into one that a node can start on, byte for byte as Apache Kafka's
 * `kafka-storage format` would.
 */
import type { Random, Storage } from '@braidlog/base'
import type { Uuid } from '@braidlog/model'

export interface VoterEndpoint {
  readonly listener: string
  readonly host: string
  readonly port: number
}

export interface FormatOptions {
  readonly storage: Storage
  /** The log directory; made when missing. */
  readonly directory: string
  readonly clusterId: string
  readonly nodeId: number
  readonly random: Random
  /** Milliseconds since the Unix epoch, for the timestamps of the bootstrap records. */
  readonly nowMs: number
  /** Level of metadata.version; the latest by default. */
  readonly metadataVersion?: number
  /** Levels of other features; by default what the release of the metadata.version implies. */
  readonly features?: ReadonlyMap<string, number>
  /**
   * Where the controller listens: makes a dynamic quorum with this node as its only voter, as `format --standalone`.
   * Left out, the quorum is static, as with `controller.quorum.voters`.
   */
  readonly standalone?: readonly VoterEndpoint[]
  /** A directory that is formatted already is left alone instead of refused. */
  readonly ignoreFormatted?: boolean
}

export interface FormatResult {
  /** False: it was formatted already and `ignoreFormatted` was set. */
  readonly formatted: boolean
  readonly directoryId: Uuid
}

/** What `storage info` shows. */
export interface StorageInspection {
  readonly directory: string
  readonly formatted: boolean
  /** In plain words; empty when all is well. */
  readonly problems: readonly string[]
  readonly clusterId?: string
  readonly nodeId?: number
  readonly directoryId?: Uuid
  readonly metadataVersion?: number
  readonly kraftVersion?: number
}

export type FormatStorage = (options: FormatOptions) => Promise<FormatResult>
export type InspectStorage = (storage: Storage, directory: string) => StorageInspection
