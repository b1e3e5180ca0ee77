/**
 * A cluster of three Braidlog nodes is stopped, or killed, and Apache Kafka starts on its directories: controllers, brokers and
 * data. It serves everything, goes on from there, and hands back the same way. A load of idempotent producers runs all the
 * while; nothing that was acknowledged by either may be lost, doubled or reordered.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { eventually } from '../peers/process.ts'
import {
  administer,
  COMPACTED,
  CONFIGS,
  createTopics,
  GROUPS,
  LOAD_TOPIC,
  MOVING,
  PLAIN,
  PLAIN_PARTITIONS,
  principals,
  reassign,
  TOPICS,
  untilMoved,
  write,
} from './contents.ts'
import { pictureOf, reassignmentsOf, topicsOf, untilInSync, type Wanted } from './picture.ts'
import { dumpLog, segmentFiles } from './segments.ts'
import { NODE_IDS, ThreeNodes, type Quorum } from './three-nodes.ts'
import { UnderLoad } from './under-load.ts'

const WANTED: Wanted = { topics: TOPICS, compacted: [COMPACTED], groups: GROUPS, configs: CONFIGS }
const LOAD_PARTITIONS = 2
const PROPERTIES = {
  'offsets.topic.replication.factor': 3,
  'offsets.topic.num.partitions': 3,
  'min.insync.replicas': 2,
  'group.initial.rebalance.delay.ms': 0,
  'broker.session.timeout.ms': 6_000,
  'broker.heartbeat.interval.ms': 500,
  // Three processes of a virtual machine start at once, and now and then stand still while they do.
  'controller.quorum.fetch.timeout.ms': 6_000,
  'controller.quorum.election.timeout.ms': 2_000,
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'super.users': 'User:ANONYMOUS',
  // Without it Apache Kafka cannot load tokens.
  'delegation.token.secret.key': 'a secret of all nodes',
  // So that what Apache Kafka wrote also goes through a snapshot of ours.
  'metadata.log.max.record.bytes.between.snapshots': 2_000,
}

const VARIANTS: readonly { readonly quorum: Quorum; readonly end: 'stop' | 'kill' }[] = [
  { quorum: 'dynamic', end: 'stop' },
  { quorum: 'static', end: 'kill' },
]

for (const { end, quorum } of VARIANTS) {
  describe(`three nodes, ${quorum} quorum, ${end === 'stop' ? 'stopped' : 'killed'}`, () => {
    test('change hands to Apache Kafka and back', { timeout: 300_000 }, async (context) => {
      const work = mkdtempSync(join(tmpdir(), 'braidlog-handover-'))
      const nodes = await ThreeNodes.format({ quorum, work, properties: PROPERTIES, records: principals() })
      const load = new UnderLoad(nodes.bootstrapServers, LOAD_TOPIC, LOAD_PARTITIONS)
      const endAll = () => (end === 'stop' ? nodes.stop() : nodes.kill())
      try {
        await nodes.start('braidlog')
        if (quorum === 'dynamic') await nodes.addVoters()
        await createTopics(nodes)
        await untilInSync(nodes)
        await load.start()
        await load.goesOn()
        await write(nodes, 1)
        await administer(nodes, 1)
        await failOver(nodes)
        await write(nodes, 2)

        // Half a reassignment: the broker that is to take the replica is not there.
        await nodes.kill([3])
        await reassign(nodes, [2, 3])
        await untilInSync(nodes)
        const ours = await pictureOf(nodes, WANTED)
        assert.equal(ours.acls.length, 2)
        assert.deepEqual(ours.reassignments, [
          {
            name: MOVING,
            partitions: [{ partitionIndex: 0, replicas: [2, 3, 1], addingReplicas: [3], removingReplicas: [1] }],
          },
        ])
        const ourBytes = plainBytes(nodes, 1)
        await endAll()

        await nodes.start('kafka', [1, 2])
        await untilInSync(nodes)
        assert.deepEqual(await pictureOf(nodes, WANTED), ours, 'Apache Kafka shows what ours wrote')
        await assertPrincipals(nodes)
        await load.goesOn()
        await nodes.start('kafka', [3])
        await untilMoved(nodes, [2, 3])
        await untilInSync(nodes)
        assert.deepEqual(await reassignmentsOf(nodes), [])
        await assertSameBytes(nodes, ourBytes)
        await write(nodes, 3)
        await administer(nodes, 3)
        await load.goesOn()
        await nodes.kill([1])
        await reassign(nodes, [1, 2])
        await untilInSync(nodes)
        const theirs = await pictureOf(nodes, WANTED)
        assert.equal(theirs.reassignments.length, 1)
        const theirBytes = plainBytes(nodes, 2)
        await endAll()

        await nodes.start('braidlog', [2, 3])
        await untilInSync(nodes)
        assert.deepEqual(await pictureOf(nodes, WANTED), theirs, 'ours shows what Apache Kafka wrote')
        await nodes.start('braidlog', [1])
        await untilMoved(nodes, [1, 2])
        await untilInSync(nodes)
        await assertSameBytes(nodes, theirBytes)
        await write(nodes, 4)
        await administer(nodes, 4)
        await load.goesOn()

        await load.finish(context)
        await untilInSync(nodes)
        await endAll()
        await assertReadable(nodes)
      } catch (error) {
        load.abandon()
        context.diagnostic(nodes.log())
        throw error
      } finally {
        await nodes.kill()
        rmSync(work, { recursive: true, force: true })
      }
    })
  })
}

/** Both kinds of failover, so that the epochs of the partitions have a history. */
async function failOver(nodes: ThreeNodes): Promise<void> {
  await nodes.kill([2])
  await untilInSync(nodes)
  await write(nodes, 11)
  await nodes.start('braidlog', [2])
  await untilInSync(nodes)
  await nodes.stop([1])
  await untilInSync(nodes)
  await write(nodes, 12)
  await nodes.start('braidlog', [1])
  await untilInSync(nodes)
  const topics = await topicsOf(nodes, [PLAIN])
  const epochs = topics[0]!.partitions.map(({ leaderEpoch }) => leaderEpoch)
  // One of the three has led its partition all the time.
  const changed = epochs.filter((epoch) => epoch > 0)
  assert.equal(changed.length, PLAIN_PARTITIONS - 1, `other leaders were elected: ${epochs.join(', ')}`)
}

/** Segments of `plain` on one node, a buffer for each partition. */
function plainBytes(nodes: ThreeNodes, nodeId: number): Buffer[] {
  return Array.from({ length: PLAIN_PARTITIONS }, (_, partition) => {
    const directory = join(nodes.dirOf(nodeId), `${PLAIN}-${partition}`)
    const files = readdirSync(directory).filter((name) => name.endsWith('.log'))
    return Buffer.concat(files.toSorted().map((name) => readFileSync(join(directory, name))))
  })
}

/** All three hold the same, and it begins with what was there before. */
async function assertSameBytes(nodes: ThreeNodes, before: readonly Buffer[]): Promise<void> {
  await eventually(() => {
    const [first, ...others] = NODE_IDS.map((nodeId) => plainBytes(nodes, nodeId))
    const same = others.every((other) => other.every((bytes, partition) => bytes.equals(first![partition]!)))
    return same ? true : undefined
  }, 'the replicas are the same bytes')
  for (const [partition, bytes] of plainBytes(nodes, 1).entries()) {
    const size = before[partition]!.length
    assert.ok(size > 0 && bytes.subarray(0, size).equals(before[partition]!), `${PLAIN}-${partition} begins as before`)
  }
}

/** Users, quotas and tokens that the directories were formatted with, as Apache Kafka describes them. */
async function assertPrincipals(nodes: ThreeNodes): Promise<void> {
  interface Users {
    readonly results: readonly {
      readonly user: string
      readonly credentialInfos: readonly { readonly mechanism: number; readonly iterations: number }[]
    }[]
  }
  interface Quotas {
    readonly entries: readonly {
      readonly entity: readonly { readonly entityType: string; readonly entityName: string | null }[]
      readonly values: readonly { readonly key: string; readonly value: number }[]
    }[]
  }
  const users = await nodes.ask<Users>(1, 'DescribeUserScramCredentials', 0, { users: null })
  assert.deepEqual(
    users.results
      .flatMap(({ credentialInfos, user }) =>
        credentialInfos.map(({ iterations, mechanism }) => `${user} ${mechanism} ${iterations}`),
      )
      .toSorted(),
    ['alice 1 4096', 'alice 2 8192', 'bob 1 5000'],
  )
  const quotas = await nodes.ask<Quotas>(1, 'DescribeClientQuotas', 1, { components: [], strict: false })
  assert.deepEqual(
    quotas.entries
      .flatMap(({ entity, values }) => {
        const parts = entity.map(({ entityName, entityType }) => `${entityType}=${entityName}`).toSorted()
        return values.map(({ key, value }) => `${parts.join(',')} ${key} ${value}`)
      })
      .toSorted(),
    [
      'client-id=null,user=bob consumer_byte_rate 2000000',
      'client-id=probe controller_mutation_rate 12',
      'user=alice producer_byte_rate 1048576.5',
      'user=null request_percentage 150.25',
    ],
  )
}

/** What both have written, under Apache Kafka's tools; the newest snapshot, which is ours, has what came before. */
async function assertReadable(nodes: ThreeNodes): Promise<void> {
  const files = NODE_IDS.flatMap((nodeId) =>
    segmentFiles(nodes.dirOf(nodeId), /^(?:__cluster_metadata-0|plain-0|__consumer_offsets-\d+)$/),
  )
  const logs = files.filter((file) => file.endsWith('.log'))
  assert.deepEqual((await dumpLog(logs, '--deep-iteration')).complaints, [])
  const indexes = await dumpLog(files, '--index-sanity-check')
  assert.deepEqual(indexes.complaints, [])
  const metadata = join(nodes.dirOf(1), '__cluster_metadata-0')
  const newest = readdirSync(metadata)
    .filter((name) => /^\d.*\.checkpoint$/.test(name))
    .toSorted()
    .at(-1)!
  const snapshot = await dumpLog([join(metadata, newest)], '--cluster-metadata-decoder')
  assert.deepEqual(snapshot.complaints, [])
  const count = (type: string) => snapshot.stdout.split(`"type":"${type}_RECORD"`).length - 1
  assert.deepEqual(
    ['USER_SCRAM_CREDENTIAL', 'CLIENT_QUOTA', 'DELEGATION_TOKEN'].map(count),
    [3, 4, 1],
    'what the directories were formatted with',
  )
  assert.ok(count('ACCESS_CONTROL_ENTRY') >= 4, 'what was added while ours and while Apache Kafka ran')
}
