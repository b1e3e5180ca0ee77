/**
 * What the files of a data directory hold, row by row, for `storage dump-log`: batches with the outcome of their checks,
 * records decoded where we know what they are, entries of indexes.
 *
 * A damaged file is read as far as it goes; what is wrong is a row, not an exception.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { readInt64 } from '@braidlog/base'
import { decodeMetadataRecord } from '@braidlog/metadata'
import { GroupMetadataKey, GroupMetadataValue, OffsetCommitKey, OffsetCommitValue } from '@braidlog/protocol'
import {
  BATCH_HEADER_SIZE_BYTES,
  batchMagic,
  batchSizeBytes,
  controlRecordsOf,
  LENGTH_OVERHEAD_SIZE_BYTES,
  openBatch,
  viewOf,
  type RecordBatch,
} from '@braidlog/records'
import { nodeCodecs } from '@braidlog/runtime'
import { CliError } from './exit.ts'
import { toJson } from './output.ts'

export interface DumpRow {
  readonly data: Readonly<Record<string, unknown>>
  readonly text: string
}

export interface DumpOptions {
  readonly records: boolean
  readonly decoder?: 'metadata' | 'offsets'
}

/** A batch larger than this is damage, not data. */
const BATCH_SIZE_BYTES_MAX = 256 * 1024 * 1024

export async function* dumpFile(path: string, options: DumpOptions): AsyncGenerator<DumpRow> {
  const name = basename(path)
  const folder = basename(dirname(path))
  const decoder =
    options.decoder ??
    (folder.startsWith('__cluster_metadata') || name.endsWith('.checkpoint')
      ? 'metadata'
      : folder.startsWith('__consumer_offsets')
        ? 'offsets'
        : undefined)
  if (name.endsWith('.index')) yield* dumpIndex(path, 8)
  else if (name.endsWith('.timeindex')) yield* dumpIndex(path, 12)
  else if (name.endsWith('.log') || name.endsWith('.checkpoint')) yield* dumpBatches(path, options.records, decoder)
  else throw new CliError(`${path}: not a .log, .checkpoint, .index or .timeindex file`)
}

function openFile(path: string): OpenFile {
  let descriptor: number
  try {
    descriptor = openSync(path, 'r')
  } catch (error) {
    throw new CliError(`cannot read ${path}: ${(error as Error).message}`)
  }
  return {
    sizeBytes: fstatSync(descriptor).size,
    read: (target: Uint8Array, position: number) => readSync(descriptor, target, 0, target.length, position),
    close: () => closeSync(descriptor),
  }
}

interface OpenFile {
  readonly sizeBytes: number
  /** Fills `target` from `position`. @returns bytes read */
  read(target: Uint8Array, position: number): number
  close(): void
}

function* dumpIndex(path: string, entrySizeBytes: 8 | 12): Generator<DumpRow> {
  const file = openFile(path)
  try {
    const bytes = new Uint8Array(file.sizeBytes)
    file.read(bytes, 0)
    const view = viewOf(bytes)
    const baseOffset = Number(basename(path).split('.')[0])
    for (let at = 0; at + entrySizeBytes <= bytes.length; at += entrySizeBytes) {
      const timed = entrySizeBytes === 12
      // The unused rest of a preallocated index is zeros, which no entry is.
      if (bytes.subarray(at, at + entrySizeBytes).every((byte) => byte === 0)) return
      const offset = baseOffset + view.getInt32(timed ? at + 8 : at)
      const data = timed ? { timestamp: readInt64(view, at), offset } : { offset, position: view.getInt32(at + 4) }
      yield {
        data,
        text: Object.entries(data)
          .map(([key, value]) => `${key} ${value}`)
          .join('  '),
      }
    }
  } finally {
    file.close()
  }
}

function* dumpBatches(
  path: string,
  withRecords: boolean,
  decoder: 'metadata' | 'offsets' | undefined,
): Generator<DumpRow> {
  const file = openFile(path)
  try {
    const head = new Uint8Array(BATCH_HEADER_SIZE_BYTES)
    let position = 0
    while (position + LENGTH_OVERHEAD_SIZE_BYTES <= file.sizeBytes) {
      file.read(head, position)
      const sizeBytes = batchSizeBytes(viewOf(head), 0)
      if (sizeBytes < BATCH_HEADER_SIZE_BYTES || sizeBytes > BATCH_SIZE_BYTES_MAX) {
        yield damage(position, `a batch of ${sizeBytes} bytes`)
        return
      }
      if (position + sizeBytes > file.sizeBytes) {
        yield damage(position, `${file.sizeBytes - position} of ${sizeBytes} bytes of a batch: cut off`)
        return
      }
      const bytes = new Uint8Array(sizeBytes)
      file.read(bytes, position)
      const view = viewOf(bytes)
      if (batchMagic(view, 0) !== 2) {
        yield damage(position, `message format ${batchMagic(view, 0)}; only 2 is read`)
        return
      }
      let batch: RecordBatch
      try {
        batch = openBatch(bytes, view, 0, { codecs: nodeCodecs })
      } catch (error) {
        yield damage(position, (error as Error).message)
        return
      }
      yield batchRow(batch, position, sizeBytes)
      if (withRecords) yield* recordRows(batch, decoder)
      position += sizeBytes
    }
    if (position < file.sizeBytes) yield damage(position, `${file.sizeBytes - position} bytes at the end: cut off`)
  } finally {
    file.close()
  }
}

function damage(position: number, problem: string): DumpRow {
  return { data: { position, problem }, text: `position ${position}: ${problem}` }
}

function batchRow(batch: RecordBatch, position: number, sizeBytes: number): DumpRow {
  const data = {
    baseOffset: batch.baseOffset,
    lastOffset: batch.lastOffset,
    count: batch.recordCount,
    leaderEpoch: batch.leaderEpoch,
    producerId: batch.producerId,
    producerEpoch: batch.producerEpoch,
    baseSequence: batch.baseSequence,
    compression: batch.compression,
    timestampType: batch.timestampType,
    maxTimestamp: batch.maxTimestampMs,
    transactional: batch.isTransactional,
    control: batch.isControl,
    position,
    sizeBytes,
  }
  const flags = [batch.isTransactional ? 'transactional' : '', batch.isControl ? 'control' : ''].filter(Boolean)
  const producer =
    batch.producerId >= 0 ? `  producer ${batch.producerId}/${batch.producerEpoch} from ${batch.baseSequence}` : ''
  return {
    data,
    text:
      `offsets ${batch.baseOffset}-${batch.lastOffset}  ${batch.recordCount} records  epoch ${batch.leaderEpoch}` +
      `${producer}  ${batch.compression}${flags.length ? `  ${flags.join(', ')}` : ''}  at ${position}, ${sizeBytes} bytes`,
  }
}

function* recordRows(batch: RecordBatch, decoder: 'metadata' | 'offsets' | undefined): Generator<DumpRow> {
  if (batch.isControl) {
    for (const control of controlRecordsOf(batch)) {
      const data = { control }
      yield { data, text: `  ${toJson(control)}` }
    }
    return
  }
  for (const record of batch) {
    const content = decodeRecord(record.key, record.value, decoder)
    const data = { offset: record.offset, timestamp: Number(record.timestampBigInt), ...content }
    yield { data, text: `  ${record.offset}  ${toJson(content)}` }
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function textOf(bytes: Uint8Array | null): string | null {
  if (bytes === null) return null
  try {
    return utf8.decode(bytes)
  } catch {
    return `base64:${Buffer.from(bytes).toString('base64')}`
  }
}

function decodeRecord(
  key: Uint8Array | null,
  value: Uint8Array | null,
  decoder: 'metadata' | 'offsets' | undefined,
): Record<string, unknown> {
  try {
    if (decoder === 'metadata' && value) return { ...decodeMetadataRecord(value) }
    if (decoder === 'offsets' && key) return decodeOffsetsRecord(key, value)
  } catch (error) {
    return { key: textOf(key), value: textOf(value), problem: (error as Error).message }
  }
  return { key: textOf(key), value: textOf(value) }
}

/** Key = int16 type and message, value = int16 version and message; types we do not know are shown as bytes. */
function decodeOffsetsRecord(key: Uint8Array, value: Uint8Array | null): Record<string, unknown> {
  const type = viewOf(key).getInt16(0)
  const version = value ? viewOf(value).getInt16(0) : 0
  if (type === 0 || type === 1) {
    return {
      offsetCommit: OffsetCommitKey.decode(key.subarray(2), OffsetCommitKey.versionMin),
      value: value && OffsetCommitValue.decode(value.subarray(2), version),
    }
  }
  if (type === 2) {
    return {
      group: GroupMetadataKey.decode(key.subarray(2), GroupMetadataKey.versionMin),
      value: value && GroupMetadataValue.decode(value.subarray(2), version),
    }
  }
  return { type, key: textOf(key), value: textOf(value) }
}
