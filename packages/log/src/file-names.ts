/**
 * Names of files and directories, exactly as Apache Kafka writes them.
 *
 * ```
 * <topic>-<partition>/                                one log
 *   <first offset, 20 digits>.log                     record batches
 *                            .index                   offset → position
 *                            .timeindex               timestamp → offset
 *                            .txnindex                aborted transactions; only when there are some
 *                            .snapshot                producer state before that offset
 *   any of them + .deleted                            to be removed after file.delete.delay.ms
 *   any of them + .cleaned                            being written by the cleaner; worthless after a crash
 *   any of them + .swap                               complete, about to take the place of what it was made from
 *   leader-epoch-checkpoint, partition.metadata
 *   .braidlog_incomplete                              not fit to lead: what was damaged has been cut off
 * <topic>-<partition>.<unique id>-delete/             a deleted log
 * <topic>-<partition>.<unique id>-stray/              a log that the metadata does not know
 * ```
 */

export const LOG_SUFFIX = '.log'
export const INDEX_SUFFIX = '.index'
export const TIME_INDEX_SUFFIX = '.timeindex'
export const TXN_INDEX_SUFFIX = '.txnindex'
export const SNAPSHOT_SUFFIX = '.snapshot'
export const DELETED_SUFFIX = '.deleted'
export const CLEANED_SUFFIX = '.cleaned'
export const SWAP_SUFFIX = '.swap'
/** In the directory of a log that was cut off below what it had been in sync with; Apache Kafka passes it over. */
export const INCOMPLETE = '.braidlog_incomplete'
/** Left over by an atomic replacement that a crash cut off. */
export const TEMPORARY_SUFFIX = '.tmp'

export const LEADER_EPOCH_CHECKPOINT = 'leader-epoch-checkpoint'
export const PARTITION_METADATA = 'partition.metadata'

export const RECOVERY_POINT_CHECKPOINT = 'recovery-point-offset-checkpoint'
export const HIGH_WATERMARK_CHECKPOINT = 'replication-offset-checkpoint'
export const LOG_START_OFFSET_CHECKPOINT = 'log-start-offset-checkpoint'
export const CLEANER_OFFSET_CHECKPOINT = 'cleaner-offset-checkpoint'
export const CLEAN_SHUTDOWN = '.kafka_cleanshutdown'
/** Of the same content; Apache Kafka passes it over. */
export const DURABLE_EPOCH = '.braidlog_durable_epoch'

const DELETE_DIRECTORY_SUFFIX = '-delete'
const STRAY_DIRECTORY_SUFFIX = '-stray'
const FUTURE_DIRECTORY_SUFFIX = '-future'
/** What common file systems allow. */
const FILE_NAME_LENGTH_MAX = 255

/** `00000000000000000042` */
export function offsetName(offset: number): string {
  return String(offset).padStart(20, '0')
}

export interface SegmentFileName {
  readonly offset: number
  /** `.log`, `.index`, … */
  readonly suffix: string
  /** `.deleted`, `.cleaned`, `.swap` or nothing. */
  readonly state: string
}

/** @returns `undefined` for a file that belongs to no segment */
export function parseSegmentFileName(name: string): SegmentFileName | undefined {
  const match = /^(\d{20})(\.log|\.index|\.timeindex|\.txnindex|\.snapshot)(\.deleted|\.cleaned|\.swap)?$/.exec(name)
  if (match === null) return undefined
  const offset = Number(match[1])
  if (!Number.isSafeInteger(offset)) return undefined
  return { offset, suffix: match[2]!, state: match[3] ?? '' }
}

export function logDirectoryName(topic: string, partition: number): string {
  return `${topic}-${partition}`
}

/** @param uniqueId 32 hexadecimal digits */
export function deletedDirectoryName(topic: string, partition: number, uniqueId: string): string {
  return suffixedDirectoryName(topic, partition, uniqueId, DELETE_DIRECTORY_SUFFIX)
}

export function strayDirectoryName(topic: string, partition: number, uniqueId: string): string {
  return suffixedDirectoryName(topic, partition, uniqueId, STRAY_DIRECTORY_SUFFIX)
}

/** The topic's name is cut, not the unique id, when the whole would be too long for a file system. */
function suffixedDirectoryName(topic: string, partition: number, uniqueId: string, suffix: string): string {
  const end = `.${uniqueId}${suffix}`
  return logDirectoryName(topic, partition).slice(0, FILE_NAME_LENGTH_MAX - end.length) + end
}

export type LogDirectoryKind = 'log' | 'deleted' | 'stray' | 'future'

/** @returns topic and partition are those of a `log`; `undefined`: not the directory of a log */
export function parseLogDirectoryName(
  name: string,
): { readonly kind: LogDirectoryKind; readonly topic: string; readonly partition: number } | undefined {
  const renamed = /^(\S+)\.[0-9a-f]{32}(-delete|-stray|-future)$/.exec(name)
  if (renamed !== null) {
    const kinds: Readonly<Record<string, LogDirectoryKind>> = {
      [DELETE_DIRECTORY_SUFFIX]: 'deleted',
      [STRAY_DIRECTORY_SUFFIX]: 'stray',
      [FUTURE_DIRECTORY_SUFFIX]: 'future',
    }
    return { kind: kinds[renamed[2]!]!, topic: '', partition: -1 }
  }
  const match = /^([a-zA-Z0-9._-]{1,249})-(\d{1,10})$/.exec(name)
  if (match === null) return undefined
  const partition = Number(match[2])
  if (partition > 2 ** 31 - 1 || String(partition) !== match[2]) return undefined
  return { kind: 'log', topic: match[1]!, partition }
}
