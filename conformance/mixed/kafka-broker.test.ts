/**
 * A broker of Apache Kafka in a cluster of ours: it replays the metadata that our controller writes, registers with it,
 * follows our broker and leads it. A record that it could not replay would be fatal to it.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { readMetaProperties } from '@braidlog/metadata'
import { NodeStorage } from '@braidlog/runtime'
import { startBraidlog } from '../peers/braidlog.ts'
import { freePorts } from '../peers/process.ts'
import type { PeerServer } from '../peers/server.ts'
import { assertSameBytes, expected, MixedCluster, read, startKafkaMember, TIMING } from './cluster.ts'

const OURS = 1
const KAFKA = 2

let work: string
let ours: PeerServer
let kafka: PeerServer | undefined
let kafkaPorts: readonly [number, number]
let controllerPort: number
let clusterId: string
let cluster: MixedCluster

before(async () => {
  work = mkdtempSync(join(tmpdir(), 'braidlog-mixed-'))
  const [port, controller, client, spare] = (await freePorts(4)) as [number, number, number, number]
  controllerPort = controller
  kafkaPorts = [client, spare]
  ours = await startBraidlog({ ports: [port, controller], properties: TIMING })
  clusterId = readMetaProperties(new NodeStorage(ours.dir), ours.dir)!.clusterId
  cluster = new MixedCluster(`${ours.bootstrap},127.0.0.1:${client}`)
  await cluster.admin.connect()
})
after(async () => {
  await cluster?.admin.disconnect()
  await kafka?.stop()
  await ours?.stop()
  rmSync(work, { recursive: true, force: true })
})

function startTheirs(): Promise<PeerServer> {
  return startKafkaMember({ nodeId: KAFKA, clusterId, dir: join(work, 'theirs'), ports: kafkaPorts, controllerPort })
}

test('it registers with our controller and is let in', async () => {
  kafka = await startTheirs()
  await cluster.knows(KAFKA)
})

test('it leads one partition and follows another, and both copies are the same bytes', async () => {
  await cluster.createTopic(OURS, KAFKA)
  await cluster.untilAll(({ leader, isr }) => leader > 0 && isr.length === 2, 'both copies are in sync')
  assert.deepEqual(
    (await cluster.partitions()).map(({ leader }) => leader),
    [OURS, KAFKA],
  )
  await cluster.send(0, 500)
  for (const partition of [0, 1]) {
    assert.deepEqual(await read(kafka!.bootstrap, partition), expected(500))
    assert.deepEqual(await read(ours.bootstrap, partition), expected(500))
  }
  await assertSameBytes(ours.dir, kafka!.dir)
})

test('it is killed, and our broker leads; it comes back, catches up, and is in sync', async () => {
  await kafka!.kill()
  await cluster.untilAll(({ leader, isr }) => leader === OURS && isr.length === 1, 'our broker leads alone')
  await cluster.send(500, 200)
  kafka = await startTheirs()
  await cluster.untilAll(({ isr }) => isr.length === 2, 'its copies are in sync again')
  for (const partition of [0, 1]) assert.deepEqual(await read(kafka.bootstrap, partition), expected(700))
  await assertSameBytes(ours.dir, kafka.dir)
})
