/** What a registry that this program starts asks before it deletes for good; nothing is loaded or connected until then. */
import type { KafkaOptions } from '@braidlog/client'
import type { UsageSource } from '@braidlog/schema-registry'

export interface UsageOfCluster extends UsageSource {
  close(): Promise<void>
}

export interface UsageOfClusterOptions {
  readonly kafka: KafkaOptions
  /** Where the index is kept over a restart; without it the topics are read again. */
  readonly directory?: string | undefined
  readonly schemasTopic?: string | undefined
}

export function usageOfCluster({
  kafka: kafkaOptions,
  directory,
  schemasTopic,
}: UsageOfClusterOptions): UsageOfCluster {
  const open = async () => {
    const [{ Kafka }, { ClusterUsage, usageFile }] = await Promise.all([
      import('@braidlog/client'),
      import('@braidlog/schema-registry/usage'),
    ])
    const kafka = new Kafka({ clientId: 'braidlog-schema-usage', ...kafkaOptions })
    const file =
      directory === undefined ? undefined : usageFile(directory, (await kafka.admin().describeCluster()).clusterId)
    return { kafka, usage: new ClusterUsage({ kafka, file, schemasTopic }) }
  }
  let opened: ReturnType<typeof open> | undefined
  return {
    async usesOf(schema, options) {
      opened ??= open()
      const { usage } = await opened.catch((error: unknown) => {
        opened = undefined
        throw error
      })
      return await usage.usesOf(schema, options)
    },
    async close() {
      const { kafka } = (await opened?.catch(() => undefined)) ?? {}
      await kafka?.close({ timeoutMs: 1_000 })
    },
  }
}
