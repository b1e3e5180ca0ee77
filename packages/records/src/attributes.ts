/**
 * The attributes of a batch, sixteen bits:
 *
 * ```
 *  0-2  compression: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd
 *  3    timestamp type: 0 CreateTime, 1 LogAppendTime
 *  4    transactional
 *  5    control: holds one control record, invisible to applications
 *  6    delete horizon: baseTimestamp is the time from which tombstones and markers in the batch may go
 *  7-15 unused, zero
 * ```
 */
import { LOG_APPEND_TIME_BIT } from './header.ts'

export type CompressionType = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'
export type TimestampType = 'CreateTime' | 'LogAppendTime'

/** In the order of their codes. */
export const COMPRESSION_TYPES: readonly CompressionType[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

export const COMPRESSION_MASK = 0x07
export const TRANSACTIONAL_BIT = 0x10
export const CONTROL_BIT = 0x20
export const DELETE_HORIZON_BIT = 0x40
export { LOG_APPEND_TIME_BIT }

export function isTransactional(attributes: number): boolean {
  return (attributes & TRANSACTIONAL_BIT) !== 0
}

export function isControl(attributes: number): boolean {
  return (attributes & CONTROL_BIT) !== 0
}

export function hasDeleteHorizon(attributes: number): boolean {
  return (attributes & DELETE_HORIZON_BIT) !== 0
}

/** @returns `undefined` for the codes 5 to 7, which nobody has defined. */
export function compressionOf(attributes: number): CompressionType | undefined {
  return COMPRESSION_TYPES[attributes & COMPRESSION_MASK]
}

export function isCompressed(attributes: number): boolean {
  return (attributes & COMPRESSION_MASK) !== 0
}

export function timestampTypeOf(attributes: number): TimestampType {
  return (attributes & LOG_APPEND_TIME_BIT) === 0 ? 'CreateTime' : 'LogAppendTime'
}

export interface BatchAttributes {
  readonly compression?: CompressionType
  readonly timestampType?: TimestampType
  readonly transactional?: boolean
  readonly control?: boolean
  readonly deleteHorizon?: boolean
}

export function attributesOf(options: BatchAttributes): number {
  return (
    COMPRESSION_TYPES.indexOf(options.compression ?? 'none') |
    (options.timestampType === 'LogAppendTime' ? LOG_APPEND_TIME_BIT : 0) |
    (options.transactional === true ? TRANSACTIONAL_BIT : 0) |
    (options.control === true ? CONTROL_BIT : 0) |
    (options.deleteHorizon === true ? DELETE_HORIZON_BIT : 0)
  )
}
