/** What the tests of the log share: a clock that stands still, batches, an open log over memory. */
import assert from 'node:assert/strict'
import { MemoryStorage, type Clock } from '@braidlog/base'
import { type Uuid } from '@braidlog/model'
import { BatchBuilder, plainCodecs, type BatchFields } from '@braidlog/records'
import {
  defaultLogConfig,
  LogResources,
  openLog,
  type BufferOwner,
  type Log,
  type LogConfig,
  type LogOptions,
} from '@braidlog/log'

export const TOPIC_ID = 'Ux7eQqSZTRuLXe5QX5ssFA' as Uuid
export const NOW_MS = 1_700_000_000_000

export class ManualClock implements Clock {
  now = NOW_MS
  nowMs = (): number => this.now
  monotonicMs = (): number => this.now
}

export interface BatchOptions extends BatchFields {
  readonly records?: number
  readonly valueSizeBytes?: number
  readonly timestampMs?: number
  /** Added to the timestamp from record to record. */
  readonly timestampStepMs?: number
  readonly key?: string | null
}

/** A batch without compression that the caller owns. */
export function batchOf(options: BatchOptions = {}): Uint8Array {
  const { records = 1, valueSizeBytes = 10, timestampMs = NOW_MS, timestampStepMs = 0, key = 'k', ...fields } = options
  const builder = new BatchBuilder({ codecs: plainCodecs, sizeBytesMax: 10 * 1024 * 1024 })
  const value = new Uint8Array(valueSizeBytes).fill((fields.baseOffset ?? 0) & 0xff)
  for (let i = 0; i < records; i++) builder.append(key, value, timestampMs + i * timestampStepMs)
  return builder.build({ leaderEpoch: 0, ...fields }).slice()
}

/** Appends a batch at the log end. */
export function appendTo(log: Log, options: BatchOptions = {}): Uint8Array {
  const batch = batchOf({ baseOffset: log.logEndOffset, ...options })
  log.append(batch, 0, batch.length)
  return batch
}

export interface OpenOptions extends Partial<Omit<LogOptions, 'config'>> {
  readonly config?: Partial<LogConfig>
}

export function openTestLog(storage: MemoryStorage, options: OpenOptions = {}): Promise<Log> {
  return openLog({
    storage,
    clock: new ManualClock(),
    codecs: plainCodecs,
    resources: new LogResources(),
    path: 'data/t-0',
    topic: 't',
    partition: 0,
    topicId: TOPIC_ID,
    cleanShutdown: false,
    ...options,
    config: { ...defaultLogConfig, ...options.config },
  })
}

export async function memoryWithDirectory(): Promise<MemoryStorage> {
  const storage = new MemoryStorage()
  storage.makeDirectory('data')
  await storage.syncDirectory('')
  return storage
}

/** All batches from `offset` on, as the reads give them. */
export function readAll(
  log: Log,
  offset = log.logStartOffset,
  maxBytes = 1000,
  upToOffset = log.logEndOffset,
): Uint8Array {
  const parts: Uint8Array[] = []
  for (let next = offset; next < upToOffset;) {
    const read = log.read({ offset: next, maxBytes, upToOffset, minOneBatch: true })
    if (read.sizeBytes === 0) break
    parts.push(read.toBytes())
    next = read.nextOffset
    read.release()
  }
  return concat(parts)
}

/** Memory with counted holders, one of them the test. */
export class TestOwner implements BufferOwner {
  readonly sizeBytes: number
  holders = 1

  constructor(sizeBytes: number) {
    this.sizeBytes = sizeBytes
  }

  retain(): void {
    assert(this.holders > 0, 'what is released is not retained')
    this.holders++
  }

  release(): void {
    assert(--this.holders >= 0, 'released once too often')
  }
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
