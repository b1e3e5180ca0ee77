/**
 * Consumers that we did not write, each in a rack: they read from the replica in that rack and the leader sends them nothing
 * (KIP-392). Three of our nodes in three racks; the bytes that each has sent to consumers are the witness.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { MemoryStorage } from '@braidlog/base'
import { Kafka } from '@braidlog/client'
import { startServer, type Server } from '@braidlog/server'
import { kcat } from '../peers/kcat.ts'
import { runTool } from '../peers/kafka.ts'
import { eventually } from '../peers/process.ts'

const CLUSTER_ID = 'cmFja3MtcmFja3MtcmFjaw'
const TOPIC = 'orders'
const VALUES = Array.from({ length: 500 }, (_, i) => `order ${i} ${'x'.repeat(200)}`)
const TOTAL_BYTES = VALUES.reduce((sum, value) => sum + value.length, 0)

const servers: Server[] = []
let kafka: Kafka
let bootstrap: string

async function startNode(nodeId: number): Promise<Server> {
  const isController = nodeId === 1
  return await startServer({
    storage: new MemoryStorage(),
    format: { clusterId: CLUSTER_ID },
    config: {
      'node.id': nodeId,
      'process.roles': isController ? 'broker,controller' : 'broker',
      listeners: `PLAINTEXT://127.0.0.1:0${isController ? ',CONTROLLER://127.0.0.1:0' : ''}`,
      'log.dirs': `/node-${nodeId}`,
      'broker.rack': `rack-${nodeId}`,
      'replica.selector.class': 'org.apache.kafka.common.replica.RackAwareReplicaSelector',
      'broker.heartbeat.interval.ms': 200,
      ...(!isController && {
        'controller.quorum.bootstrap.servers': `127.0.0.1:${servers[0]!.controllerListeners[0]!.port}`,
      }),
    },
  })
}

before(async () => {
  for (const nodeId of [1, 2, 3]) servers.push(await startNode(nodeId))
  bootstrap = servers.map((each) => each.bootstrapServers).join(',')
  kafka = new Kafka({ bootstrapServers: bootstrap.split(',') })
  const admin = kafka.admin()
  await admin.createTopics([{ name: TOPIC, assignments: [[2, 3, 1]] }])
  await eventually(async () => {
    const [topic] = await admin.describeTopics([TOPIC])
    return topic?.partitions[0]?.isr.length === 3 ? true : undefined
  }, 'three replicas are in sync')
  const producer = kafka.producer()
  await producer.sendAll(VALUES.map((value) => ({ topic: TOPIC, value })))
  await producer.close()
  await quiet()
})
after(async () => {
  await kafka?.close()
  for (const server of servers.toReversed()) await server.close()
})

/** Until nothing is replicated any more: followers are sent bytes, too. */
async function quiet(): Promise<void> {
  let last = -1
  await eventually(() => {
    const sum = servers.reduce((total, { metrics }) => total + metrics.bytesFetched, 0)
    const isSame = sum === last
    last = sum
    return isSame ? true : undefined
  }, 'no node sends records')
}

/** Bytes of records that leader (node 2) and nearby follower (node 3) send while `read` runs. */
async function sentDuring(read: () => Promise<readonly string[]>): Promise<{ leader: number; nearby: number }> {
  const before = servers.map(({ metrics }) => metrics.bytesFetched)
  assert.deepEqual(await read(), VALUES)
  const sent = servers.map(({ metrics }, i) => metrics.bytesFetched - before[i]!)
  return { leader: sent[1]!, nearby: sent[2]! }
}

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '')

const READERS: Readonly<Record<string, (rack: string) => Promise<readonly string[]>>> = {
  async kcat(rack) {
    const args = ['-C', '-b', bootstrap, '-t', TOPIC, '-p', '0', '-o', 'beginning', '-c', String(VALUES.length), '-q']
    return lines((await kcat([...args, '-X', `client.rack=${rack}`])).stdout)
  },
  async 'the Java consumer'(rack) {
    const args = ['--bootstrap-server', bootstrap, '--topic', TOPIC, '--partition', '0', '--offset', 'earliest']
    const { stdout } = await runTool(
      'org.apache.kafka.tools.consumer.ConsoleConsumer',
      [...args, '--max-messages', String(VALUES.length), '--command-property', `client.rack=${rack}`],
      { timeoutMs: 60_000 },
    )
    return lines(stdout)
  },
  async 'our own client'(clientRack) {
    const values: string[] = []
    for await (const { value } of kafka.reader({ assign: [TOPIC], until: 'end', clientRack }).records()) {
      values.push(String(value))
    }
    return values
  },
}

for (const [name, read] of Object.entries(READERS)) {
  test(`${name} reads from the replica in its rack`, async () => {
    const { leader, nearby } = await sentDuring(() => read('rack-3'))
    assert.equal(leader, 0)
    assert.ok(nearby >= TOTAL_BYTES, `${nearby} bytes`)
  })

  test(`${name} reads from the leader when nobody is in its rack`, async () => {
    const { leader, nearby } = await sentDuring(() => read('rack-9'))
    assert.ok(leader >= TOTAL_BYTES, `${leader} bytes`)
    assert.equal(nearby, 0)
  })
}
