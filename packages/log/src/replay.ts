/** Producer state from the newest snapshot and the headers of the batches behind it. */
import {
  batchAttributes,
  batchBaseOffset,
  BatchFault,
  batchLastOffset,
  batchProducerId,
  controlRecordsOf,
  isControl,
  openBatch,
  validateBatch,
  type Codecs,
} from '@braidlog/records'
import { BatchScanner } from './batch-scanner.ts'
import type { LogResources } from './log-resources.ts'
import type { ProducerSnapshots } from './producer-snapshots.ts'
import { ProducerState, type CompletedTransaction } from './producer-state.ts'
import type { Segment } from './segment.ts'

export interface ReplayOptions {
  readonly segments: readonly Segment[]
  readonly snapshots: ProducerSnapshots
  readonly logStartOffset: number
  /** The state before this offset is wanted. */
  readonly endOffset: number
  readonly resources: LogResources
  readonly codecs: Codecs
  readonly nowMs: number
}

/** @returns the producer state before `endOffset` */
export async function replayProducers(options: ReplayOptions): Promise<ProducerState> {
  const { segments, endOffset, resources, codecs, nowMs } = options
  const loaded = options.snapshots.load(endOffset, nowMs)
  const state = loaded?.state ?? new ProducerState()
  const from = loaded?.offset ?? options.logStartOffset
  for (let i = 0; i < segments.length; i++) {
    const segment = segments[i]!
    if (segment.baseOffset >= endOffset || (segments[i + 1]?.baseOffset ?? Infinity) <= from) continue
    const scanner = new BatchScanner({
      files: resources.files,
      buffers: resources.readBuffers,
      slot: segment.log,
      from: segment.locate(from)?.position ?? segment.sizeBytes,
      to: segment.sizeBytes,
    })
    while (await scanner.load())
      while (scanner.next()) {
        if (batchBaseOffset(scanner.view, scanner.at) >= endOffset) break
        if (batchLastOffset(scanner.view, scanner.at) < from) continue
        const { bytes, view, at, sizeBytes } = scanner
        if (batchProducerId(view, at) < 0) continue
        // What is damaged is noticed by who reads it; here it would make a producer up.
        const fault = validateBatch(bytes, view, at, at + sizeBytes, { crc32c: codecs.crc32c, origin: 'leader' })
        if (fault === BatchFault.None) noteProducer(state, bytes, view, at, codecs, nowMs)
      }
  }
  return state
}

/** Takes note of a batch that stands in the log. @returns the transaction that it aborted, if it did */
export function noteProducer(
  state: ProducerState,
  bytes: Uint8Array,
  view: DataView,
  at: number,
  codecs: Codecs,
  nowMs: number,
): CompletedTransaction | undefined {
  if (batchProducerId(view, at) < 0) return undefined
  if (!isControl(batchAttributes(view, at))) {
    state.update(view, at, nowMs)
    return undefined
  }
  let aborted: CompletedTransaction | undefined
  for (const record of controlRecordsOf(openBatch(bytes, view, at, { codecs, verifyCrc: false }))) {
    if (record.type !== 'abort' && record.type !== 'commit') continue
    const completed = state.endTransaction(view, at, record.coordinatorEpoch, nowMs)
    if (record.type === 'abort') aborted = completed
  }
  return aborted
}
