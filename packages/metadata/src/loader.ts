/**
 * Turns committed batches into the image and tells listeners what changed.
 *
 * A metadata transaction (KIP-868) is one change however many batches it spans: its records are held back until it ends,
 * and dropped when it is aborted.
 *
 * Invariant: listeners see the image only between groups of records that belong together.
 */
import { assert } from '@braidlog/base'
import type { MetadataBatch } from './batch.ts'
import { DeltaBuilder, type MetadataDelta } from './delta.ts'
import { MetadataError } from './errors.ts'
import { noteDifference } from './image-difference.ts'
import { MetadataImage, type ImageView } from './image.ts'
import type { MetadataListener } from './listener.ts'
import type { MetadataRecord } from './record.ts'
import type { LoadedSnapshot } from './snapshot-file.ts'

/** Holds back the records of a transaction until it ends. */
export class TransactionBuffer {
  #held: MetadataRecord[] | undefined

  get inTransaction(): boolean {
    return this.#held !== undefined
  }

  /** Calls `apply` for the record, or later, or never. @throws MetadataError `CORRUPT` when the brackets do not match */
  push(record: MetadataRecord, apply: (record: MetadataRecord) => void): void {
    switch (record.type) {
      case 'BeginTransaction':
        if (this.#held !== undefined) throw new MetadataError('CORRUPT', 'a metadata transaction begins inside another')
        this.#held = []
        return
      case 'EndTransaction': {
        const held = this.#held
        if (held === undefined) throw new MetadataError('CORRUPT', 'a metadata transaction ends that never began')
        this.#held = undefined
        for (const each of held) apply(each)
        return
      }
      case 'AbortTransaction':
        if (this.#held === undefined)
          throw new MetadataError('CORRUPT', 'a metadata transaction aborts that never began')
        this.#held = undefined
        return
      default:
        if (this.#held === undefined) apply(record)
        else this.#held.push(record)
    }
  }
}

export class MetadataLoader {
  readonly #image = new MetadataImage()
  #transaction = new TransactionBuffer()
  readonly #listeners = new Set<MetadataListener>()

  get image(): MetadataImage {
    return this.#image
  }

  /** While a transaction is open the image is not what a snapshot at its offset must hold. */
  get inTransaction(): boolean {
    return this.#transaction.inTransaction
  }

  /** Replaces whatever the image held; listeners are told the difference. */
  loadSnapshot(snapshot: LoadedSnapshot): void {
    assert(snapshot.id.endOffset - 1 >= this.#image.offset, 'a snapshot does not lead back')
    const loaded = new MetadataImage()
    const unused = new DeltaBuilder(true)
    for (const record of snapshot.records) loaded.apply(record, unused)
    loaded.moveTo(snapshot.id.endOffset - 1, snapshot.id.epoch)
    const isFirst = this.#image.offset === -1
    const delta = isFirst ? unused : new DeltaBuilder(true)
    if (!isFirst) noteDifference(this.#image, loaded, delta)
    // What a transaction had begun is in the snapshot, or was aborted before it.
    this.#transaction = new TransactionBuffer()
    this.#image.become(loaded)
    this.#publish(delta)
  }

  commit(batch: MetadataBatch): void {
    assert(batch.lastOffset > this.#image.offset, 'batches are committed in order, each once')
    const delta = new DeltaBuilder()
    for (const record of batch.records) this.#transaction.push(record, (each) => this.#image.apply(each, delta))
    this.#image.moveTo(batch.lastOffset, batch.epoch)
    this.#publish(delta)
  }

  /** @returns a function that ends the subscription. The listener is called at once with everything there is. */
  subscribe(listener: MetadataListener): () => void {
    listener.onImage(this.#image, deltaFromNothing(this.#image))
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #publish(delta: DeltaBuilder): void {
    if (delta.isEmpty) return
    for (const listener of this.#listeners) listener.onImage(this.#image, delta)
  }
}

/** What leads from an empty image to this one. */
export function deltaFromNothing(image: ImageView): MetadataDelta {
  const delta = new DeltaBuilder(true)
  const copy = new MetadataImage()
  for (const record of image.records()) copy.apply(record, delta)
  return delta
}
