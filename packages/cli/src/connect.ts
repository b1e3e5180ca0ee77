/** From settings to a client. Loaded only by commands that talk to a broker. */
import { fromProperties, Kafka, type ConsumerOptions, type ProducerOptions, type ReadOptions } from '@braidlog/client'
import type { Settings } from './settings.ts'

/** @throws KafkaError naming the property that is misspelt or not offered */
export function connect(settings: Settings): Kafka {
  return new Kafka({
    clientId: 'braidlog-cli',
    ...optionsOf(settings).client,
    bootstrapServers: settings.bootstrapServers.value,
  })
}

/** What commands that produce have flags for; `undefined`: not given. */
export interface ProducerFlags {
  readonly acks?: string | undefined
  readonly compression?: string | undefined
  readonly lingerMs?: number | undefined
  readonly batchSizeBytes?: number | undefined
}

/** Options of a producer: by flags, else by `-X` and files (`acks`, `linger.ms`, …), else `defaults`. @throws KafkaError */
export function producerOptions(settings: Settings, flags: ProducerFlags, defaults: ProducerOptions): ProducerOptions {
  const { acks, compression, ...given } = flags
  const properties: Record<string, string> = {}
  // The words of flags are those of the properties, and are checked as such.
  if (acks !== undefined) properties['acks'] = acks
  if (compression !== undefined) properties['compression.type'] = compression
  return {
    ...defaults,
    ...optionsOf(settings).producer,
    ...fromProperties(properties).producer,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  }
}

export function consumerOptions(settings: Settings): Partial<ConsumerOptions> {
  return optionsOf(settings).consumer
}

/** Those of a consumer's options that mean something without a group. */
export function readerOptions(settings: Settings): ReadOptions<Buffer, Buffer> {
  const { isolationLevel, autoOffsetReset, fetch } = optionsOf(settings).consumer
  return { isolationLevel, autoOffsetReset, fetch }
}

function optionsOf(settings: Settings) {
  return fromProperties(Object.fromEntries([...settings.properties].map(([key, { value }]) => [key, value])))
}
