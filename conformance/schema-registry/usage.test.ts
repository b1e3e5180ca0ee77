/** `braidlog schema usage`, `unused` and `check --against-data` with records of KafkaJS, on the peer: Braidlog, or Apache Kafka. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry'
import { CompressionTypes, Kafka, logLevel } from 'kafkajs'
import { startRegistry, type Registry } from '@braidlog/schema-registry'
import { braidlog } from '../../packages/cli/test/drive.ts'
import { startPeerServer, type PeerServer } from '../peers/server.ts'

const folder = mkdtempSync(join(tmpdir(), 'braidlog-usage-'))
let server: PeerServer
let registry: Registry
let kafka: Kafka
before(async () => {
  server = await startPeerServer()
  registry = await startRegistry({ kafka: { bootstrapServers: server.bootstrap }, port: 0 })
  kafka = new Kafka({ brokers: [server.bootstrap], logLevel: logLevel.NOTHING })
})
after(async () => {
  await registry?.close()
  await server?.stop()
  rmSync(folder, { recursive: true })
})

async function schema<T>(args: readonly string[], stdin?: string): Promise<T> {
  const env = { SCHEMA_REGISTRY_URL: registry.url, BOOTSTRAP_SERVERS: server.bootstrap, XDG_CACHE_HOME: folder }
  const { stdout } = await braidlog(['schema', ...args, '-o', 'json'], stdin === undefined ? { env } : { env, stdin })
  const { data, error } = JSON.parse(stdout) as { data: T; error?: { message: string } }
  assert.equal(error, undefined, error?.message)
  return data
}

const order = (type: unknown): string =>
  JSON.stringify({ type: 'record', name: 'Order', namespace: 'shop', fields: [{ name: 'note', type }] })

test('what is in the topics is found, by partition, offset and group; the rest is unused', async () => {
  const client = new SchemaRegistry({ host: registry.url })
  const options = { subject: 'orders-value' }
  const nullable = order(['null', 'string'])
  const first = await client.register({ type: SchemaType.AVRO, schema: nullable }, options)
  await client.register({ type: SchemaType.AVRO, schema: order(['null', 'string', 'int']) }, options)
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic: 'orders', numPartitions: 2 }] })
  const producer = kafka.producer()
  await producer.connect()
  for (const [partition, note] of [null, 'a', 'b'].entries()) {
    const value = await client.encode(first.id, { note })
    await producer.send({
      topic: 'orders',
      compression: CompressionTypes.GZIP,
      messages: [{ partition: partition % 2, value }],
    })
  }
  await producer.send({ topic: 'orders', messages: [{ partition: 0, value: 'plain' }] })
  await producer.disconnect()
  await admin.setOffsets({ groupId: 'slow', topic: 'orders', partitions: [{ partition: 0, offset: '1' }] })
  await admin.disconnect()

  const uses = await schema<{ partition: number; firstOffset: number; lastOffset: number; groups: string[] }[]>([
    'usage',
    'orders-value',
  ])
  assert.deepEqual(
    uses
      .map(({ partition, firstOffset, lastOffset, groups }) => [partition, firstOffset, lastOffset, groups])
      .toSorted((a, b) => Number(a[0]) - Number(b[0])),
    [
      [0, 0, 1, ['slow']],
      [1, 0, 0, []],
    ],
  )
  const unused = await schema<{ subject: string; version: number }[]>(['unused', 'orders'])
  assert.deepEqual(
    unused.map(({ subject, version }) => [subject, version]),
    [['orders-value', 2]],
  )
  const check = ['check', 'orders-value', '-', '--against-data', '100']
  const found = await schema<{ checked: number; unknown: number; breaking: { path: string }[] }>(check, order('string'))
  assert.deepEqual([found.checked, found.unknown, found.breaking.map(({ path }) => path)], [3, 1, ['/note']])
})
