/**
 * What a leader writes into the log itself: records of its own state machine, the first batch of its epoch, new voters.
 * Into the page cache, in one piece; making it durable is asked for by the machine.
 */
import { assert, type Clock } from '@braidlog/base'
import { MetadataBatchWriter, metadataRecord, type MetadataBatch, type MetadataRecord } from '@braidlog/metadata'
import type { Codecs, ControlRecord } from '@braidlog/records'
import type { Committed } from './committed.ts'
import { epochStartBatch, votersBatch } from './epoch-start.ts'
import type { ReplicaKey } from './machine/messages.ts'
import type { MetadataLog } from './metadata-log.ts'
import type { QuorumConfiguration, Voter } from './voters.ts'

export interface OwnBatchesOptions {
  readonly log: MetadataLog
  readonly committed: Committed
  readonly clock: Clock
  readonly codecs: Codecs
}

export class OwnBatches {
  readonly #options: OwnBatchesOptions
  readonly #writer: MetadataBatchWriter

  constructor(options: OwnBatchesOptions) {
    this.#options = options
    this.#writer = new MetadataBatchWriter(options.codecs)
  }

  /** Records that take effect together; several batches of them are a metadata transaction. */
  records(records: readonly MetadataRecord[], epoch: number): MetadataBatch {
    const { baseOffset, timestampMs } = this.#place(epoch)
    const position = { baseOffset, epoch, timestampMs }
    let group = records
    let built = this.#writer.write(group, position)
    if (built.length > 1) {
      group = [metadataRecord('BeginTransaction', {}), ...records, metadataRecord('EndTransaction', {})]
      built = this.#writer.write(group, position)
    }
    const lastOffset = baseOffset + group.length - 1
    const sizeBytes = built.reduce((size, batch) => size + batch.length, 0)
    return this.#write(built, { baseOffset, lastOffset, epoch, timestampMs, sizeBytes, records: group, controls: [] })
  }

  epochStart(start: {
    readonly epoch: number
    readonly leader: Voter
    readonly quorum: QuorumConfiguration
    readonly grantedBy: readonly ReplicaKey[]
  }): MetadataBatch {
    const place = this.#place(start.epoch)
    return this.#writeControls(place, epochStartBatch({ ...place, ...start }))
  }

  voters(change: {
    readonly epoch: number
    readonly voters: readonly Voter[]
    readonly kraftVersion?: number
  }): MetadataBatch {
    const place = this.#place(change.epoch)
    return this.#writeControls(place, votersBatch(place, change.voters, change.kraftVersion))
  }

  #place(epoch: number) {
    const { clock, codecs, log } = this.#options
    return { codecs, baseOffset: log.endOffset, epoch, timestampMs: clock.nowMs() }
  }

  #writeControls(
    { baseOffset, epoch, timestampMs }: { baseOffset: number; epoch: number; timestampMs: number },
    { bytes, controls }: { readonly bytes: Uint8Array; readonly controls: readonly ControlRecord[] },
  ): MetadataBatch {
    const lastOffset = baseOffset + controls.length - 1
    const sizeBytes = bytes.length
    return this.#write([bytes], { baseOffset, lastOffset, epoch, timestampMs, sizeBytes, records: [], controls })
  }

  #write(built: readonly Uint8Array[], batch: MetadataBatch): MetadataBatch {
    const { committed, log } = this.#options
    for (const bytes of built) log.append(bytes)
    assert(log.endOffset === batch.lastOffset + 1, 'the log has grown by the batch')
    committed.appended(batch)
    return batch
  }
}
