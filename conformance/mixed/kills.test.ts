/**
 * A cluster of Apache Kafka's controller, one broker of its and one of ours, under load with acks=all, while brokers of both
 * sides are killed as a crash would. Nothing acknowledged may be lost, doubled or reordered, whoever led and whoever followed.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { formatStorage } from '@braidlog/metadata'
import { nodeCodecs, NodeStorage, systemRandom } from '@braidlog/runtime'
import { UnderLoad } from '../handover/under-load.ts'
import { startBraidlog } from '../peers/braidlog.ts'
import { startKafka } from '../peers/kafka.ts'
import { freePorts } from '../peers/process.ts'
import type { PeerServer } from '../peers/server.ts'
import { assertSameBytes, memberProperties, MixedCluster, startKafkaMember, TIMING, TOPIC } from './cluster.ts'

const CLUSTER_ID = 'bWl4ZWQtY2x1c3Rlci0wMg'
const CONTROLLER = 1
const KAFKA = 2
const OURS = 3
const PARTITIONS = 2
/** Rounds of one kill on each side; `MIXED_KILLS=20` for more. */
const ROUNDS = Number(process.env['MIXED_KILLS'] ?? 1)

let work: string
let ports: Map<number, readonly [client: number, spare: number]>
let controllerPort: number
let controller: PeerServer
let cluster: MixedCluster
let load: UnderLoad
const brokers = new Map<number, PeerServer>()

before(async () => {
  work = mkdtempSync(join(tmpdir(), 'braidlog-mixed-'))
  const free = await freePorts(6)
  controllerPort = free[1]!
  ports = new Map([
    [KAFKA, [free[2]!, free[3]!]],
    [OURS, [free[4]!, free[5]!]],
  ])
  // A broker, too, since that is how it tells that it has started; no partition is placed on it.
  controller = await startKafka({ clusterId: CLUSTER_ID, ports: [free[0]!, controllerPort], properties: TIMING })
  const dir = join(work, String(OURS))
  await formatStorage({
    storage: new NodeStorage(dir),
    codecs: nodeCodecs,
    random: systemRandom,
    nowMs: Date.now(),
    directory: dir,
    clusterId: CLUSTER_ID,
    nodeId: OURS,
  })
  await Promise.all([start(KAFKA), start(OURS)])
  const addresses = [KAFKA, OURS].map((nodeId) => `127.0.0.1:${ports.get(nodeId)![0]}`)
  cluster = new MixedCluster([controller.bootstrap, ...addresses].join(','))
  await cluster.admin.connect()
  for (const nodeId of [CONTROLLER, KAFKA, OURS]) await cluster.knows(nodeId)
  await cluster.createTopic(KAFKA, OURS)
  await inSync()
  load = new UnderLoad(addresses, TOPIC, PARTITIONS)
  await load.start()
})
after(async () => {
  load?.abandon()
  await cluster?.admin.disconnect()
  for (const broker of brokers.values()) await broker.kill()
  await controller?.stop()
  rmSync(work, { recursive: true, force: true })
})

async function start(nodeId: number): Promise<void> {
  const dir = join(work, String(nodeId))
  const member = { nodeId, clusterId: CLUSTER_ID, dir, ports: ports.get(nodeId)!, controllerPort }
  const isOurs = nodeId === OURS
  brokers.set(
    nodeId,
    isOurs
      ? await startBraidlog({ dir, ports: member.ports, properties: memberProperties(member) })
      : await startKafkaMember(member),
  )
}

const inSync = () => cluster.untilAll(({ leader, isr }) => leader > 0 && isr.length === 2, 'both copies are in sync')

for (let round = 1; round <= ROUNDS; round++) {
  for (const [nodeId, name] of [
    [OURS, 'our broker'],
    [KAFKA, 'Apache Kafka'],
  ] as const) {
    const other = nodeId === OURS ? KAFKA : OURS
    test(`round ${round}: ${name} is killed under load, the other leads, and it comes back`, async () => {
      await load.goesOn()
      await brokers.get(nodeId)!.kill()
      await cluster.untilAll(({ leader, isr }) => leader === other && isr.length === 1, `${other} leads alone`)
      await load.goesOn()
      await start(nodeId)
      await inSync()
      // So that each leads again, and has something to lose.
      await cluster.electPreferred()
      await cluster.untilAll(({ isr }) => isr.length === 2, 'both copies are in sync')
      assert.deepEqual(
        (await cluster.partitions()).map(({ leader }) => leader),
        [KAFKA, OURS],
      )
    })
  }
}

test('nothing was lost, doubled or reordered, and both hold the same bytes', async (context) => {
  await load.goesOn()
  await load.finish(context)
  await inSync()
  await assertSameBytes(brokers.get(KAFKA)!.dir, brokers.get(OURS)!.dir)
})
