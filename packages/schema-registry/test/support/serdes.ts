/** A broker, a registry on it and a client of both, for tests of serdes end to end. */
import { Kafka } from '@braidlog/client'
import { startBraidlog, type Braidlog } from '@braidlog/testkit'
import { startRegistry, type Registry } from '../../src/index.ts'
import { RegistryClient, type RegistryClientOptions } from '../../src/serdes/index.ts'

export class SerdeWorld implements AsyncDisposable {
  readonly braidlog: Braidlog
  readonly registry: Registry
  readonly kafka: Kafka

  constructor(braidlog: Braidlog, registry: Registry) {
    this.braidlog = braidlog
    this.registry = registry
    this.kafka = new Kafka({ bootstrapServers: braidlog.bootstrapServers })
  }

  static async start(topics: Readonly<Record<string, number>> = {}): Promise<SerdeWorld> {
    const braidlog = await startBraidlog({ topics })
    const registry = await startRegistry({ port: 0, kafka: { bootstrapServers: braidlog.bootstrapServers } })
    await registry.leaderKnown()
    return new SerdeWorld(braidlog, registry)
  }

  /** A client of its own: nothing is cached yet. */
  client(options: Partial<RegistryClientOptions> = {}): RegistryClient {
    return new RegistryClient({ urls: this.registry.url, ...options })
  }

  async put(path: string, body: unknown): Promise<void> {
    const response = await fetch(this.registry.url + path, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (!response.ok) throw new Error(await response.text())
  }

  /** Everything in a topic, in order. */
  async values(topic: string, options: object = {}): Promise<unknown[]> {
    const values: unknown[] = []
    for await (const record of this.kafka.reader({ assign: [topic], until: 'end', ...options }))
      values.push(record.value)
    return values
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kafka.close()
    await this.registry.close()
    await this.braidlog[Symbol.asyncDispose]()
  }
}
