/**
 * Small text files beside the logs: offset checkpoints, leader epochs, the topic id of a directory, the clean-shutdown
 * mark. All are written to a temporary file that takes the old one's place, so each is whole or absent.
 *
 * ```
 * offset checkpoint        0                     leader-epoch-checkpoint   0
 *                          <count>                                        <count>
 *                          <topic> <p> <offset>                           <epoch> <start offset>
 * partition.metadata       version: 0            .kafka_cleanshutdown      {"version":0,"brokerEpoch":5}
 *                          topic_id: <uuid>
 * ```
 */
import type { Storage } from '@braidlog/base'
import { StorageError } from '@braidlog/base'
import { parseUuid, type Uuid } from '@braidlog/model'
import { LogError } from './errors.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const VERSION = '0'

export interface CheckpointedOffset {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

export function encodeOffsetCheckpoint(offsets: readonly CheckpointedOffset[]): Uint8Array {
  return encodeLines(offsets.map(({ topic, partition, offset }) => `${topic} ${partition} ${offset}`))
}

/** @throws LogError `LOG_CORRUPT` */
export function decodeOffsetCheckpoint(bytes: Uint8Array, path: string): CheckpointedOffset[] {
  return decodeLines(bytes, path).map((line) => {
    const match = /^(\S+) (\d+) (\d+)$/.exec(line)
    const offset = Number(match?.[3])
    if (match === null || !Number.isSafeInteger(offset)) throw corrupt(path, `the line "${line}"`)
    return { topic: match[1]!, partition: Number(match[2]), offset }
  })
}

export interface EpochStart {
  readonly epoch: number
  readonly startOffset: number
}

export function encodeEpochCheckpoint(epochs: readonly EpochStart[]): Uint8Array {
  return encodeLines(epochs.map(({ epoch, startOffset }) => `${epoch} ${startOffset}`))
}

/** @throws LogError `LOG_CORRUPT` */
export function decodeEpochCheckpoint(bytes: Uint8Array, path: string): EpochStart[] {
  return decodeLines(bytes, path).map((line) => {
    const match = /^(\d+) (\d+)$/.exec(line)
    const startOffset = Number(match?.[2])
    if (match === null || !Number.isSafeInteger(startOffset)) throw corrupt(path, `the line "${line}"`)
    return { epoch: Number(match[1]), startOffset }
  })
}

export function encodePartitionMetadata(topicId: Uuid): Uint8Array {
  return encoder.encode(`version: 0\ntopic_id: ${topicId}`)
}

/** @throws LogError `LOG_CORRUPT` */
export function decodePartitionMetadata(bytes: Uint8Array, path: string): Uuid {
  const match = /^version: 0\ntopic_id: (\S+)\s*$/.exec(decoder.decode(bytes))
  const topicId = match === null ? undefined : parseUuid(match[1]!)
  if (topicId === undefined) throw corrupt(path, 'no topic id')
  return topicId
}

export function encodeCleanShutdown(brokerEpoch: number): Uint8Array {
  return encoder.encode(JSON.stringify({ version: 0, brokerEpoch }))
}

/** @returns the broker epoch, -1 when the file does not say it; the file's being there is what counts */
export function decodeCleanShutdown(bytes: Uint8Array): number {
  try {
    const value = JSON.parse(decoder.decode(bytes)) as { brokerEpoch?: unknown } | null
    return typeof value?.brokerEpoch === 'number' ? value.brokerEpoch : -1
  } catch {
    return -1 // Before 4.0 the file was empty.
  }
}

/** @returns `undefined` when there is no such file */
export function readFileIfExists(storage: Storage, path: string): Uint8Array | undefined {
  try {
    return storage.readFile(path)
  } catch (error) {
    if (error instanceof StorageError && error.code === 'ENOENT') return undefined
    throw error
  }
}

function encodeLines(lines: readonly string[]): Uint8Array {
  return encoder.encode([VERSION, String(lines.length), ...lines, ''].join('\n'))
}

function decodeLines(bytes: Uint8Array, path: string): string[] {
  // Apache Kafka makes these files when it opens a log, and fills them when there is something to say.
  if (bytes.length === 0) return []
  const [version, count, ...lines] = decoder.decode(bytes).trimEnd().split('\n')
  if (version !== VERSION) throw corrupt(path, `version ${version}`)
  if (Number(count) !== lines.length) throw corrupt(path, `${lines.length} lines where it announces ${count}`)
  return lines
}

function corrupt(path: string, what: string): LogError {
  return new LogError('LOG_CORRUPT', `${path} is damaged: it has ${what}`)
}
