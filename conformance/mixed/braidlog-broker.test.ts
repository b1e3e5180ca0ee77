/**
 * A Braidlog broker in a cluster of Apache Kafka: it registers with Apache Kafka's controller, follows its broker and leads
 * it, at every level of metadata that a cluster may be at. Apache Kafka checks our checksums, epochs and offsets with every
 * fetch, and its controller every change of in-sync replicas that we ask for.
 */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { startBraidlog } from '../peers/braidlog.ts'
import { startKafka } from '../peers/kafka.ts'
import { freePorts, run } from '../peers/process.ts'
import type { PeerServer } from '../peers/server.ts'
import { assertSameBytes, expected, memberProperties, MixedCluster, read, TIMING } from './cluster.ts'

const CLUSTER_ID = 'bWl4ZWQtY2x1c3Rlci0wMQ'
const KAFKA = 1
const OURS = 2
const CLI = join(import.meta.dirname, '..', '..', 'packages', 'cli', 'bin', 'braidlog.js')

for (const releaseVersion of ['4.0', '4.1', '4.2', '4.3']) {
  describe(`in a cluster at level ${releaseVersion}, our broker`, () => {
    let work: string
    let controllerPort: number
    let ourPorts: readonly [number, number]
    let ourAddress: string
    let kafka: PeerServer
    let ours: PeerServer | undefined
    let cluster: MixedCluster

    before(async () => {
      work = mkdtempSync(join(tmpdir(), 'braidlog-mixed-'))
      const [port, controller, client, spare] = (await freePorts(4)) as [number, number, number, number]
      controllerPort = controller
      ourPorts = [client, spare]
      ourAddress = `127.0.0.1:${client}`
      kafka = await startKafka({
        clusterId: CLUSTER_ID,
        releaseVersion,
        ports: [port, controller],
        properties: TIMING,
      })
      cluster = new MixedCluster(`${kafka.bootstrap},${ourAddress}`)
      await cluster.admin.connect()
    })
    after(async () => {
      await cluster?.admin.disconnect()
      await ours?.stop()
      await kafka?.stop()
      rmSync(work, { recursive: true, force: true })
    })

    async function startOurs(): Promise<PeerServer> {
      const dir = join(work, 'ours')
      const properties = memberProperties({ nodeId: OURS, ports: ourPorts, controllerPort })
      if (!existsSync(join(dir, 'meta.properties'))) {
        const file = join(work, 'ours.properties')
        const all = { ...properties, 'controller.listener.names': 'CONTROLLER', 'log.dirs': dir }
        writeFileSync(
          file,
          Object.entries(all)
            .map(([key, value]) => `${key}=${value}\n`)
            .join(''),
        )
        await run(process.execPath, [CLI, 'storage', 'format', file, '-t', CLUSTER_ID])
      }
      return startBraidlog({ dir, ports: ourPorts, properties })
    }

    test('registers with the controller of Apache Kafka and is let in', async () => {
      ours = await startOurs()
      await cluster.knows(OURS)
    })

    test('leads one partition and follows another, and both copies are the same bytes', async () => {
      await cluster.createTopic(KAFKA, OURS)
      await cluster.untilAll(({ leader, isr }) => leader > 0 && isr.length === 2, 'both copies are in sync')
      assert.deepEqual(
        (await cluster.partitions()).map(({ leader }) => leader),
        [KAFKA, OURS],
      )
      await cluster.send(0, 500)
      for (const partition of [0, 1]) {
        assert.deepEqual(await read(kafka.bootstrap, partition), expected(500))
        assert.deepEqual(await read(ourAddress, partition), expected(500))
      }
      await assertSameBytes(ours!.dir, kafka.dir)
    })

    test('is killed, and Apache Kafka leads; it comes back, catches up, and is in sync', async () => {
      await ours!.kill()
      await cluster.untilAll(({ leader, isr }) => leader === KAFKA && isr.length === 1, 'Apache Kafka leads alone')
      await cluster.send(500, 200)
      ours = await startOurs()
      await cluster.untilAll(({ isr }) => isr.length === 2, 'our copies are in sync again')
      for (const partition of [0, 1]) assert.deepEqual(await read(kafka.bootstrap, partition), expected(700))
      await assertSameBytes(ours.dir, kafka.dir)
    })

    test('shuts down in order, after handing over what it leads', async () => {
      await ours!.stop()
      await cluster.untilAll(({ leader }) => leader === KAFKA, 'Apache Kafka leads')
      await cluster.send(700, 50)
      ours = await startOurs()
      await cluster.untilAll(({ isr }) => isr.length === 2, 'our copies are in sync again')
      await assertSameBytes(ours.dir, kafka.dir)
    })
  })
}
