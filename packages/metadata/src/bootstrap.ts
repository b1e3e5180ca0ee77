/**
 * `bootstrap.checkpoint`: the records that the first active controller of a cluster writes into the empty log. Formatting
 * puts them beside `meta.properties`; the file has the shape of a snapshot.
 *
 * Source: KIP-778, KIP-1170; `BootstrapMetadata` and `ActivationRecordsGenerator` of Apache Kafka.
 */
import type { Storage } from '@braidlog/base'
import {
  CLUSTER_DEFAULT_RESOURCE,
  ConfigResourceType,
  ELIGIBLE_LEADER_REPLICAS_FEATURE,
  METADATA_VERSION_FEATURE,
  METADATA_VERSION_LATEST,
} from '@braidlog/model'
import type { Codecs } from '@braidlog/records'
import { MetadataError } from './errors.ts'
import { metadataRecord, type MetadataRecord } from './record.ts'
import { BOOTSTRAP_SNAPSHOT_ID, decodeSnapshot, encodeSnapshot } from './snapshot-file.ts'

export const BOOTSTRAP_FILE = 'bootstrap.checkpoint'

/** metadata.version from which groups of records can be one transaction. */
export const METADATA_TRANSACTION_LEVEL = 13

/** metadata.version first, since it decides how the rest is read; then the others by name, those at level 0 left out. */
export function bootstrapRecords(features: ReadonlyMap<string, number>): MetadataRecord[] {
  const names = [...features.keys()].filter((name) => name !== METADATA_VERSION_FEATURE && features.get(name)! > 0)
  return [METADATA_VERSION_FEATURE, ...names.toSorted()].map((name) =>
    metadataRecord('FeatureLevel', { name, featureLevel: features.get(name) ?? METADATA_VERSION_LATEST }),
  )
}

export async function writeBootstrapFile(
  storage: Storage,
  directory: string,
  records: readonly MetadataRecord[],
  options: { readonly codecs: Codecs; readonly nowMs: number },
): Promise<void> {
  const pieces = [...encodeSnapshot({ lastContainedLogTimestampMs: 0, records }, { ...options, epoch: 0 })]
  const bytes = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    bytes.set(piece, at)
    at += piece.length
  }
  await storage.writeFileAtomic(`${directory}/${BOOTSTRAP_FILE}`, bytes)
}

/** @returns what the file holds; without a file, the latest metadata.version alone, as Apache Kafka assumes */
export function readBootstrapFile(storage: Storage, directory: string, codecs: Codecs): MetadataRecord[] {
  const path = `${directory}/${BOOTSTRAP_FILE}`
  if (!storage.exists(path)) return bootstrapRecords(new Map())
  const { records } = decodeSnapshot(storage.readFile(path), { id: BOOTSTRAP_SNAPSHOT_ID, path, codecs })
  if (!records.some((each) => each.type === 'FeatureLevel' && each.value.name === METADATA_VERSION_FEATURE)) {
    throw new MetadataError('CORRUPT', `${path} does not say which metadata.version to start with`)
  }
  return [...records]
}

/**
 * What a controller that becomes active on an empty log appends: the bootstrap records as one transaction, and with
 * eligible leader replicas the cluster-wide `min.insync.replicas` that this feature needs.
 */
export function activationRecords(bootstrap: readonly MetadataRecord[], minInsyncReplicas: number): MetadataRecord[] {
  const levelOf = (name: string) =>
    bootstrap.findLast((each) => each.type === 'FeatureLevel' && each.value.name === name)?.value as
      | { readonly featureLevel: number }
      | undefined
  const records = [...bootstrap]
  if ((levelOf(ELIGIBLE_LEADER_REPLICAS_FEATURE)?.featureLevel ?? 0) > 0) {
    records.push(
      metadataRecord('Config', {
        resourceType: ConfigResourceType.BROKER,
        resourceName: CLUSTER_DEFAULT_RESOURCE,
        name: 'min.insync.replicas',
        value: String(minInsyncReplicas),
      }),
    )
  }
  if ((levelOf(METADATA_VERSION_FEATURE)?.featureLevel ?? 0) < METADATA_TRANSACTION_LEVEL) return records
  return [
    metadataRecord('BeginTransaction', { name: 'Bootstrap records' }),
    ...records,
    metadataRecord('EndTransaction', {}),
  ]
}
