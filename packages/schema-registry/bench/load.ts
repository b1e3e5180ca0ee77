/**
 * How long a registry takes to start on a topic of many schemas: `npx node packages/schema-registry/bench/load.ts [records]`.
 *
 * One broker of the testkit in this process, 100,000 schemas of about 300 bytes under 10,000 subjects; the minimum of three starts.
 */
import { startBraidlog } from '@braidlog/testkit'
import { encodeRecord } from '../src/core/record.ts'
import { startRegistry } from '../src/index.ts'

const count = Number(process.argv[2] ?? 100_000)
const ROUNDS = 3

await using broker = await startBraidlog({ topics: { _schemas: { config: { 'cleanup.policy': 'compact' } } } })
const producer = broker.kafka.producer<string, string>({ lingerMs: 5, batchSizeBytes: 1 << 18 })
for (let id = 1; id <= count; id++) {
  const subject = `subject-${id % 10_000}-value`
  const version = Math.ceil(id / 10_000)
  const fields = [
    { name: 'id', type: 'string' },
    { name: `field_${id}`, type: ['null', 'long'], default: null },
    { name: 'created', type: { type: 'long', logicalType: 'timestamp-millis' } },
  ]
  const schema = JSON.stringify({ type: 'record', name: `Record${id}`, namespace: 'bench', fields })
  const value = {
    id,
    schema,
    schemaType: 'AVRO' as const,
    references: [],
    metadata: null,
    ruleSet: null,
    deleted: false,
  }
  const isTaken = producer.enqueue({
    topic: '_schemas',
    partition: 0,
    ...encodeRecord({ kind: 'SCHEMA', subject, version, value }),
  })
  if (!isTaken) await producer.flush()
}
await producer.flush()

const elapsed: number[] = []
for (let round = 0; round < ROUNDS; round++) {
  const started = performance.now()
  const cpu = process.cpuUsage()
  const registry = await startRegistry({ kafka: { bootstrapServers: broker.bootstrapServers }, port: 0 })
  const elapsedMs = performance.now() - started
  const { user, system } = process.cpuUsage(cpu)
  console.log(`${count} records: ${Math.round(elapsedMs)} ms, ${Math.round((user + system) / 1_000)} ms of CPU`)
  elapsed.push(elapsedMs)
  await registry.close()
}
console.log(`minimum ${Math.round(Math.min(...elapsed))} ms`)
