/** From settings to a client. Loaded only by commands that talk to a broker. */
import { Kafka, type ConsumerOptions, type ProducerOptions } from '@braidlog/client'
import { clientProperties } from './client-properties.ts'
import type { Settings } from './settings.ts'

/** @param warn told of every property that this client does not have */
export function connect(settings: Settings, warn: (text: string) => void): Kafka {
  const { client, warnings } = clientProperties(settings.properties)
  for (const warning of warnings) warn(warning)
  return new Kafka({ clientId: 'braidlog-cli', ...client, bootstrapServers: settings.bootstrapServers.value })
}

/** Options of a producer from `-X` and files: `acks`, `linger.ms`, `compression.type`, … */
export function producerOptions(settings: Settings): ProducerOptions {
  return clientProperties(settings.properties).producer
}

export function consumerOptions(settings: Settings): Partial<ConsumerOptions> {
  return clientProperties(settings.properties).consumer
}
