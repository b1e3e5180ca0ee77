/**
 * Control batches: what logs tell their readers beside records. Their records have a key of version and type, and a
 * value by type. Transaction markers come one to a batch; a snapshot's header, version and voters share one.
 *
 * ```
 * key    version int16 = 0, type int16
 * value  ABORT, COMMIT: version int16 = 0, then EndTxnMarker; all others: the message, whose first field is a version
 * ```
 *
 * Source: KIP-98 (0, 1), KIP-595 (2), KIP-630 (3, 4), KIP-853 (5, 6).
 */
import { assert } from '@braidlog/base'
import {
  EndTxnMarker,
  KRaftVersionRecord,
  LeaderChangeMessage,
  SnapshotFooterRecord,
  SnapshotHeaderRecord,
  VotersRecord,
} from '@braidlog/protocol/stored/control'
import type { Input } from '@braidlog/protocol/wire'
import { BatchBuilder, type BatchFields } from './builder.ts'
import type { RecordBatch } from './batch.ts'
import type { Codecs } from './codecs.ts'
import { RecordsError } from './errors.ts'

/** Types of control records by their number. */
export const CONTROL_TYPES = [
  'abort',
  'commit',
  'leaderChange',
  'snapshotHeader',
  'snapshotFooter',
  'kraftVersion',
  'kraftVoters',
] as const
export type ControlType = (typeof CONTROL_TYPES)[number]

export type ControlRecord =
  | { readonly type: 'abort' | 'commit'; readonly coordinatorEpoch: number }
  | { readonly type: 'leaderChange'; readonly message: LeaderChangeMessage }
  | { readonly type: 'snapshotHeader'; readonly message: SnapshotHeaderRecord }
  | { readonly type: 'snapshotFooter'; readonly message: SnapshotFooterRecord }
  | { readonly type: 'kraftVersion'; readonly message: KRaftVersionRecord }
  | { readonly type: 'kraftVoters'; readonly message: VotersRecord }

/** A control record to be written: fields that are left out take their defaults. */
export type ControlRecordInput =
  | { readonly type: 'abort' | 'commit'; readonly coordinatorEpoch: number }
  | { readonly type: 'leaderChange'; readonly message: Input<LeaderChangeMessage> }
  | { readonly type: 'snapshotHeader'; readonly message: Input<SnapshotHeaderRecord> }
  | { readonly type: 'snapshotFooter'; readonly message: Input<SnapshotFooterRecord> }
  | { readonly type: 'kraftVersion'; readonly message: Input<KRaftVersionRecord> }
  | { readonly type: 'kraftVoters'; readonly message: Input<VotersRecord> }

/** Largest batch that any reader takes; control records are a few hundred bytes. */
const CONTROL_BATCH_SIZE_BYTES_MAX = 1024 * 1024

export interface ControlBatchFields {
  readonly codecs: Codecs
  readonly baseOffset: number
  readonly leaderEpoch: number
  readonly timestampMs: number
}

/** Any control records in one batch: what a snapshot begins with, or a leader's epoch under kraft.version 1. */
export function controlBatch(
  fields: ControlBatchFields,
  records: readonly ControlRecordInput[],
  more: BatchFields = {},
): Uint8Array {
  const builder = new BatchBuilder({ codecs: fields.codecs, sizeBytesMax: CONTROL_BATCH_SIZE_BYTES_MAX })
  for (const record of records) {
    const isAppended = builder.append(controlKey(record.type), encodeControlRecord(record), fields.timestampMs)
    assert(isAppended, 'control records fit into one batch')
  }
  return builder.build({ ...more, baseOffset: fields.baseOffset, leaderEpoch: fields.leaderEpoch, control: true })
}

/** The marker that ends a producer's transaction in one partition. */
export function endTxnMarker(
  fields: ControlBatchFields & {
    readonly outcome: 'commit' | 'abort'
    readonly coordinatorEpoch: number
    readonly producerId: number
    readonly producerEpoch: number
  },
): Uint8Array {
  const { outcome, coordinatorEpoch, producerId, producerEpoch } = fields
  return controlBatch(fields, [{ type: outcome, coordinatorEpoch }], { producerId, producerEpoch, transactional: true })
}

/** The first batch of a leader's epoch. Version 1 carries directory ids (kraft.version 1). */
export function leaderChange(fields: ControlBatchFields, message: Input<LeaderChangeMessage>, version = 0): Uint8Array {
  return controlBatch(fields, [{ type: 'leaderChange', message: { ...message, version } }])
}

/** The first batch of a snapshot; with a quorum also its version and voters. */
export function snapshotHeader(
  fields: ControlBatchFields,
  message: Input<SnapshotHeaderRecord>,
  quorum?: { readonly kraftVersion: Input<KRaftVersionRecord>; readonly voters?: Input<VotersRecord> },
): Uint8Array {
  const records: ControlRecordInput[] = [{ type: 'snapshotHeader', message }]
  if (quorum !== undefined) {
    records.push({ type: 'kraftVersion', message: quorum.kraftVersion })
    if (quorum.voters !== undefined) records.push({ type: 'kraftVoters', message: quorum.voters })
  }
  return controlBatch(fields, records)
}

/** The last batch of a snapshot. */
export function snapshotFooter(fields: ControlBatchFields): Uint8Array {
  return controlBatch(fields, [{ type: 'snapshotFooter', message: {} }])
}

/** A change of the quorum protocol's version. */
export function kraftVersion(fields: ControlBatchFields, message: Input<KRaftVersionRecord>): Uint8Array {
  return controlBatch(fields, [{ type: 'kraftVersion', message }])
}

/** A change of the quorum's voters. */
export function kraftVoters(fields: ControlBatchFields, message: Input<VotersRecord>): Uint8Array {
  return controlBatch(fields, [{ type: 'kraftVoters', message }])
}

/**
 * The control records of a batch, in order. Types that are not known here are left out: readers skip what they do not
 * understand.
 * @throws RecordsError `CORRUPT_BATCH`
 */
export function controlRecordsOf(batch: RecordBatch): ControlRecord[] {
  const records: ControlRecord[] = []
  for (const record of batch) {
    const type = controlTypeOf(record.key)
    if (type === undefined) continue
    if (record.value === null) throw malformed(batch, 'no value')
    try {
      records.push(parseControlRecord(type, record.value))
    } catch (cause) {
      throw malformed(batch, `a ${type} value that does not parse`, cause)
    }
  }
  return records
}

/** @returns `undefined` for a type this version does not know and for a key that is none */
export function controlTypeOf(key: Uint8Array | null): ControlType | undefined {
  if (key === null || key.length < 4) return undefined
  return CONTROL_TYPES[((key[2]! << 8) | key[3]!) as number]
}

function parseControlRecord(type: ControlType, value: Uint8Array): ControlRecord {
  switch (type) {
    case 'abort':
    case 'commit':
      // Later marker versions may add fields behind the epoch: read what is known.
      return { type, coordinatorEpoch: EndTxnMarker.decode(value.subarray(2, 6), 0).coordinatorEpoch }
    case 'leaderChange':
      return { type, message: LeaderChangeMessage.decode(value, versionOf(value, LeaderChangeMessage.versionMax)) }
    case 'snapshotHeader':
      return { type, message: SnapshotHeaderRecord.decode(value, 0) }
    case 'snapshotFooter':
      return { type, message: SnapshotFooterRecord.decode(value, 0) }
    case 'kraftVersion':
      return { type, message: KRaftVersionRecord.decode(value, 0) }
    case 'kraftVoters':
      return { type, message: VotersRecord.decode(value, 0) }
    default:
      return type satisfies never
  }
}

/** These messages begin with their own version. */
function versionOf(value: Uint8Array, versionMax: number): number {
  return Math.min(((value[0] ?? 0) << 8) | (value[1] ?? 0), versionMax)
}

function encodeControlRecord(record: ControlRecordInput): Uint8Array {
  switch (record.type) {
    case 'abort':
    case 'commit':
      return markerValue(record.coordinatorEpoch)
    case 'leaderChange':
      return LeaderChangeMessage.encode(record.message, record.message.version ?? 0)
    case 'snapshotHeader':
      return SnapshotHeaderRecord.encode(record.message, 0)
    case 'snapshotFooter':
      return SnapshotFooterRecord.encode(record.message, 0)
    case 'kraftVersion':
      return KRaftVersionRecord.encode(record.message, 0)
    case 'kraftVoters':
      return VotersRecord.encode(record.message, 0)
    default:
      return record satisfies never
  }
}

function controlKey(type: ControlType): Uint8Array {
  return Uint8Array.of(0, 0, 0, CONTROL_TYPES.indexOf(type))
}

function markerValue(coordinatorEpoch: number): Uint8Array {
  const value = new Uint8Array(6)
  value.set(EndTxnMarker.encode({ coordinatorEpoch }, 0), 2)
  return value
}

function malformed(batch: RecordBatch, what: string, cause?: unknown): RecordsError {
  return new RecordsError('CORRUPT_BATCH', `control batch at offset ${batch.baseOffset} has ${what}`, { cause })
}
