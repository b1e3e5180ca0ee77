/**
 * Snapshot files of the metadata log, `<end offset, 20 digits>-<epoch, 10 digits>.checkpoint`: the state that all records
 * below the end offset add up to.
 *
 *     batch 1   control   SNAPSHOT_HEADER [, KRAFT_VERSION, KRAFT_VOTERS]
 *     batch 2…  records   image order
 *     last      control   SNAPSHOT_FOOTER
 *
 * Offsets inside the file count from 0 and mean nothing; every batch has the snapshot's epoch. A snapshot is written
 * under the suffix `.part` and renamed when it is complete and durable, so that a file without suffix is whole.
 *
 * Source: KIP-630, KIP-853; `Snapshots` and `RecordsSnapshotWriter` of Apache Kafka.
 */
import type { Storage } from '@braidlog/base'
import type { Input, KRaftVersionRecord, VotersRecord } from '@braidlog/protocol'
import { snapshotFooter, snapshotHeader, type Codecs, type ControlRecord } from '@braidlog/records'
import { MetadataBatchWriter, readMetadataBatches } from './batch.ts'
import { MetadataError } from './errors.ts'
import type { MetadataRecord } from './record.ts'

export interface SnapshotId {
  /** First offset that the snapshot does not cover. */
  readonly endOffset: number
  /** Raft epoch of the last record that it covers. */
  readonly epoch: number
}

/** The quorum's part of a snapshot, from kraft.version 1 on. */
export interface SnapshotQuorum {
  readonly kraftVersion: Input<KRaftVersionRecord>
  readonly voters: Input<VotersRecord>
}

export interface SnapshotContents {
  /** Timestamp of the last record that the snapshot covers. */
  readonly lastContainedLogTimestampMs: number
  readonly quorum?: SnapshotQuorum | undefined
  readonly records: Iterable<MetadataRecord>
}

export interface LoadedSnapshot {
  readonly id: SnapshotId
  readonly lastContainedLogTimestampMs: number
  readonly sizeBytes: number
  /** What stands between header and footer: kraft.version and voters, if any. */
  readonly controls: readonly ControlRecord[]
  readonly records: readonly MetadataRecord[]
}

const SUFFIX = '.checkpoint'
const PART_SUFFIX = '.part'
const DELETED_SUFFIX = '.deleted'

/** The snapshot that formatting a directory for a dynamic quorum leaves behind. */
export const BOOTSTRAP_SNAPSHOT_ID: SnapshotId = { endOffset: 0, epoch: 0 }

export function snapshotFileName(id: SnapshotId): string {
  return `${String(id.endOffset).padStart(20, '0')}-${String(id.epoch).padStart(10, '0')}${SUFFIX}`
}

/** @returns `undefined` for other files, unfinished and deleted snapshots among them */
export function parseSnapshotFileName(name: string): SnapshotId | undefined {
  const match = /^(\d{20})-(\d{10})\.checkpoint$/.exec(name)
  return match === null ? undefined : { endOffset: Number(match[1]), epoch: Number(match[2]) }
}

/** Complete snapshots in the directory of the log, oldest first. */
export function listSnapshots(storage: Storage, directory: string): SnapshotId[] {
  if (!storage.exists(directory)) return []
  return storage
    .list(directory)
    .map((entry) => parseSnapshotFileName(entry.name))
    .filter((id) => id !== undefined)
    .toSorted((a, b) => a.endOffset - b.endOffset || a.epoch - b.epoch)
}

/** Removes what a crash left of snapshots that were being written or deleted. */
export function removeUnfinishedSnapshots(storage: Storage, directory: string): void {
  for (const { name } of storage.list(directory)) {
    if (name.endsWith(SUFFIX + PART_SUFFIX) || name.endsWith(SUFFIX + DELETED_SUFFIX)) {
      storage.remove(`${directory}/${name}`)
    }
  }
}

/** Deletes a snapshot that a newer one has made superfluous. */
export function deleteSnapshot(storage: Storage, directory: string, id: SnapshotId): void {
  storage.remove(`${directory}/${snapshotFileName(id)}`)
}

/** The bytes of a snapshot file, or of `bootstrap.checkpoint`, piece by piece. */
export function* encodeSnapshot(
  contents: SnapshotContents,
  options: { readonly codecs: Codecs; readonly epoch: number; readonly nowMs: number },
): Generator<Uint8Array, void, void> {
  const writer = new MetadataBatchWriter(options.codecs)
  const { codecs, epoch, nowMs: timestampMs } = options
  const message = { lastContainedLogTimestamp: contents.lastContainedLogTimestampMs }
  yield snapshotHeader({ codecs, baseOffset: 0, leaderEpoch: epoch, timestampMs }, message, contents.quorum)
  let baseOffset = contents.quorum === undefined ? 1 : 3
  for (const chunk of chunksOf(contents.records, RECORDS_A_CHUNK)) {
    yield* writer.write(chunk, { baseOffset, epoch, timestampMs })
    baseOffset += chunk.length
  }
  yield snapshotFooter({ codecs, baseOffset, leaderEpoch: epoch, timestampMs })
}

/** So many records at a time become bytes: bounds the memory that writing a snapshot takes. */
const RECORDS_A_CHUNK = 4096

/**
 * Writes a snapshot of the log in `directory`. On return it is complete and durable under its final name.
 * The records are taken between writes, all in one turn of the event loop, so that they are of one moment.
 * @returns the size of the file in bytes
 */
export async function writeSnapshot(
  storage: Storage,
  directory: string,
  id: SnapshotId,
  contents: SnapshotContents,
  options: { readonly codecs: Codecs; readonly nowMs: number },
): Promise<number> {
  const path = `${directory}/${snapshotFileName(id)}`
  storage.remove(path + PART_SUFFIX)
  const file = storage.open(path + PART_SUFFIX, { create: true })
  let at = 0
  try {
    for (const piece of encodeSnapshot(contents, { ...options, epoch: id.epoch })) {
      file.write(piece, 0, piece.length, at)
      at += piece.length
    }
    await file.sync()
  } finally {
    file.close()
  }
  storage.rename(path + PART_SUFFIX, path)
  await storage.syncDirectory(directory)
  return at
}

/** @throws MetadataError `CORRUPT` when the file is no whole snapshot */
export function readSnapshot(storage: Storage, directory: string, id: SnapshotId, codecs: Codecs): LoadedSnapshot {
  const path = `${directory}/${snapshotFileName(id)}`
  return decodeSnapshot(storage.readFile(path), { id, path, codecs })
}

export function decodeSnapshot(
  bytes: Uint8Array,
  options: { readonly id: SnapshotId; readonly path: string; readonly codecs: Codecs },
): LoadedSnapshot {
  const controls: ControlRecord[] = []
  const records: MetadataRecord[] = []
  for (const batch of readMetadataBatches(bytes, { codecs: options.codecs, origin: options.path })) {
    controls.push(...batch.controls)
    for (const record of batch.records) records.push(record)
  }
  const header = controls[0]
  if (header?.type !== 'snapshotHeader' || controls.at(-1)?.type !== 'snapshotFooter') {
    throw new MetadataError('CORRUPT', `${options.path} does not begin with a snapshot header and end with a footer`)
  }
  return {
    id: options.id,
    sizeBytes: bytes.length,
    lastContainedLogTimestampMs: header.message.lastContainedLogTimestamp,
    controls: controls.slice(1, -1),
    records,
  }
}

function* chunksOf<T>(items: Iterable<T>, size: number): Generator<T[], void, void> {
  let chunk: T[] = []
  for (const item of items) {
    chunk.push(item)
    if (chunk.length < size) continue
    yield chunk
    chunk = []
  }
  if (chunk.length > 0) yield chunk
}
