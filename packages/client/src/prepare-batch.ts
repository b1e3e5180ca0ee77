/**
 * What is done to a batch before it is handed out: serdes fetch what they need for its records, and records that cannot be
 * read are sent to a dead letter topic, if there is one. Serdes that need neither cost nothing.
 */
import type { Decoding, DeliveredBatch } from './delivered-batch.ts'
import { DeliveredContext, type DeliveredRecord } from './delivered-record.ts'
import { KafkaError } from './errors.ts'

export function needsPreparation({ key, value, onDeserializationError }: Decoding): boolean {
  return (
    key.beforeDeserialize !== undefined ||
    value.beforeDeserialize !== undefined ||
    typeof onDeserializationError === 'object'
  )
}

type Bury = (record: DeliveredRecord, topic: string, error: unknown) => Promise<void>

export async function prepareBatch(batch: DeliveredBatch, bury: Bury | undefined): Promise<void> {
  const { key, value, onDeserializationError: policy } = batch.decoding
  const preparations = new Set<Promise<void>>()
  if (key.beforeDeserialize !== undefined || value.beforeDeserialize !== undefined) {
    for (const record of batch.all()) {
      const { rawKey, rawValue } = record
      const ofKey = rawKey === null ? undefined : key.beforeDeserialize?.(rawKey, new DeliveredContext(record, true))
      const ofValue =
        rawValue === null ? undefined : value.beforeDeserialize?.(rawValue, new DeliveredContext(record, false))
      if (ofKey !== undefined) preparations.add(ofKey)
      if (ofValue !== undefined) preparations.add(ofValue)
    }
  }
  if (preparations.size > 0) {
    await Promise.all(preparations).catch((cause: unknown) => {
      if (KafkaError.is(cause)) throw cause
      const { topic, partition } = batch
      const reason = cause instanceof Error ? cause.message : String(cause)
      const retriable = (cause as { readonly retriable?: unknown } | null)?.retriable === true
      throw new KafkaError(
        'DESERIALIZATION_FAILED',
        `${topic}-${partition}: its records cannot be read yet: ${reason}`,
        {
          cause,
          retriable,
        },
      )
    })
  }
  if (typeof policy !== 'object' || bury === undefined) return
  const buried = new Set<number>()
  for (const record of batch.all()) {
    try {
      void record.key
      void record.value
    } catch (error) {
      await bury(record, policy.deadLetter.topic, error)
      buried.add(record.offsetNumber)
    }
  }
  batch.withoutOffsets(buried)
}
