/** From settings to a client. Loaded only by commands that talk to a broker. */
import { fromProperties, Kafka, type ConsumerOptions, type ProducerOptions } from '@braidlog/client'
import type { Settings } from './settings.ts'

export function connect(settings: Settings): Kafka {
  return new Kafka({
    clientId: 'braidlog-cli',
    ...fromProperties(propertiesOf(settings)).client,
    bootstrapServers: settings.bootstrapServers.value,
  })
}

/** Options of a producer from `-X` and files: `acks`, `linger.ms`, `compression.type`, … */
export function producerOptions(settings: Settings): ProducerOptions {
  return fromProperties(propertiesOf(settings)).producer
}

export function consumerOptions(settings: Settings): Partial<ConsumerOptions> {
  return fromProperties(propertiesOf(settings)).consumer
}

function propertiesOf(settings: Settings): Record<string, string> {
  return Object.fromEntries([...settings.properties].map(([key, { value }]) => [key, value]))
}
