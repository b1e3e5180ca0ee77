/**
 * Metadata records in record batches, both ways.
 *
 * Batches of the metadata log, of snapshots and of `bootstrap.checkpoint` have one shape: uncompressed, without a
 * producer, the raft epoch as leader epoch. Between them stand control batches, which are raft's own.
 *
 * Source: KIP-595.
 */
import {
  BatchBuilder,
  batches,
  controlRecordsOf,
  type Codecs,
  type ControlRecord,
  type RecordBatch,
} from '@braidlog/records'
import { MetadataError } from './errors.ts'
import { decodeMetadataRecord, encodeMetadataRecord, type MetadataRecord } from './record.ts'

/** A batch counts as full at this size, as in Apache Kafka. */
const BATCH_SIZE_BYTES_MAX = 8 * 1024 * 1024

/** Where a batch stands in the log. */
export interface BatchPosition {
  readonly baseOffset: number
  readonly epoch: number
  readonly timestampMs: number
}

/** One batch as read: of records or of control records. */
export interface MetadataBatch {
  readonly baseOffset: number
  readonly lastOffset: number
  readonly epoch: number
  readonly timestampMs: number
  /** As stored, header included. */
  readonly sizeBytes: number
  readonly records: readonly MetadataRecord[]
  readonly controls: readonly ControlRecord[]
}

/** Reuses one buffer for all batches it builds; what it returns is the caller's. */
export class MetadataBatchWriter {
  readonly #builder: BatchBuilder

  constructor(codecs: Codecs) {
    this.#builder = new BatchBuilder({ codecs, sizeBytesMax: BATCH_SIZE_BYTES_MAX })
  }

  /** @returns the records in as few batches as hold them, in order */
  write(records: Iterable<MetadataRecord>, position: BatchPosition): Uint8Array[] {
    const built: Uint8Array[] = []
    let baseOffset = position.baseOffset
    const close = () => {
      const recordCount = this.#builder.recordCount
      built.push(this.#builder.build({ baseOffset, leaderEpoch: position.epoch }).slice())
      this.#builder.reset()
      baseOffset += recordCount
    }
    this.#builder.reset()
    for (const record of records) {
      const value = encodeMetadataRecord(record)
      if (this.#builder.append(null, value, position.timestampMs)) continue
      close()
      this.#builder.append(null, value, position.timestampMs)
    }
    if (this.#builder.recordCount > 0) close()
    return built
  }
}

/**
 * Reads batches that stand back to back. `controlsOnly`: records of other batches are not decoded.
 * @throws MetadataError `CORRUPT` with `origin` in the message, when bytes are left over; RecordsError for damaged batches
 */
export function* readMetadataBatches(
  bytes: Uint8Array,
  options: { readonly codecs: Codecs; readonly origin: string; readonly controlsOnly?: boolean },
): Generator<MetadataBatch, void, void> {
  let at = 0
  for (const batch of batches(bytes, { codecs: options.codecs })) {
    at += batch.sizeBytes
    yield readMetadataBatch(batch, options.controlsOnly === true)
  }
  if (at < bytes.length) {
    throw new MetadataError('CORRUPT', `${options.origin} ends in ${bytes.length - at} bytes that are no whole batch`)
  }
}

function readMetadataBatch(batch: RecordBatch, controlsOnly: boolean): MetadataBatch {
  const position = {
    baseOffset: batch.baseOffset,
    lastOffset: batch.lastOffset,
    epoch: batch.leaderEpoch,
    timestampMs: batch.maxTimestampMs,
    sizeBytes: batch.sizeBytes,
  }
  if (batch.isControl) return { ...position, records: [], controls: controlRecordsOf(batch) }
  if (controlsOnly) return { ...position, records: [], controls: [] }
  const records: MetadataRecord[] = []
  for (const { offset, value } of batch) {
    if (value === null) throw new MetadataError('CORRUPT', `the metadata record at offset ${offset} has no value`)
    records.push(decodeMetadataRecord(value))
  }
  return { ...position, records, controls: [] }
}
