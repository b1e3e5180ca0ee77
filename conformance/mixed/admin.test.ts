/**
 * Apache Kafka's metadata loader over everything that our controller writes: each administrative operation at each level of
 * metadata, some before its broker comes (it loads the log), the rest while it follows. A record that it could not replay
 * would be fatal to it; what it then tells of the cluster is what our broker tells.
 *
 * Users, quotas and tokens are not administered through Braidlog yet; the cluster is formatted with some.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { formatStorage, readMetadataBatches, type MetadataRecord } from '@braidlog/metadata'
import { parseMetadataVersion, randomUuid, ZERO_UUID, type Uuid } from '@braidlog/model'
import { apiByName } from '@braidlog/protocol'
import { nodeCodecs, NodeStorage, systemRandom } from '@braidlog/runtime'
import { highestVersion } from '../../packages/controller/test/record-levels.ts'
import { Link } from '../differential/link.ts'
import { principals } from '../handover/contents.ts'
import { ANY_ACL, STORED_SOURCES } from '../handover/picture.ts'
import { startBraidlog } from '../peers/braidlog.ts'
import { eventually, freePorts } from '../peers/process.ts'
import type { PeerServer } from '../peers/server.ts'
import { startKafkaMember, TIMING } from './cluster.ts'

const OURS = 1
const KAFKA = 2
/** A broker that is nothing but its registration. */
const GHOST = 9
const PATIENCE_MS = 30_000
const LATEST = 30
const [TOPIC, BROKER, CLIENT_METRICS, GROUP] = [2, 4, 16, 32] as const
const AUTHORIZER = {
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'super.users': 'User:ANONYMOUS',
  'delegation.token.secret.key': 'a secret of all nodes',
}

for (const release of ['3.9', '4.0', '4.1', '4.2', '4.3']) {
  describe(`what our controller writes at level ${release}`, () => {
    const { level } = parseMetadataVersion(release)!
    let work: string
    let ours: PeerServer
    let kafka: PeerServer | undefined
    let controllerPort: number
    let kafkaPorts: readonly [number, number]
    let clusterId: Uuid

    before(async () => {
      work = mkdtempSync(join(tmpdir(), 'braidlog-admin-'))
      const [port, controller, client, spare] = (await freePorts(4)) as [number, number, number, number]
      controllerPort = controller
      kafkaPorts = [client, spare]
      clusterId = randomUuid(systemRandom)
      const dir = join(work, 'ours')
      await formatStorage({
        storage: new NodeStorage(dir),
        codecs: nodeCodecs,
        random: systemRandom,
        nowMs: Date.now(),
        directory: dir,
        clusterId,
        nodeId: OURS,
        metadataVersion: level,
        records: principals(),
        standalone: [{ name: 'CONTROLLER', host: '127.0.0.1', port: controller }],
      })
      ours = await startBraidlog({ dir, ports: [port, controller], properties: { ...TIMING, ...AUTHORIZER } })
    })
    after(async () => {
      await kafka?.stop()
      await ours?.stop()
      rmSync(work, { recursive: true, force: true })
    })

    const ask = async <T>(port: number, name: string, version: number, body: object): Promise<T> => {
      using link = new Link(port)
      const answer = await link.ask(apiByName(name)!, version, body, PATIENCE_MS)
      if (typeof answer === 'string') throw new Error(`${name} v${version}: ${answer}`)
      const [, code] = JSON.stringify(answer.body).match(/"errorCode":(-?[1-9]\d*)/) ?? []
      assert.equal(code, undefined, `${name} ${JSON.stringify(answer.body)}`)
      return answer.body as T
    }

    test('is loaded by Apache Kafka', async () => {
      await operate(ours.port, 'before')
      kafka = await startKafkaMember({
        nodeId: KAFKA,
        clusterId,
        dir: join(work, 'theirs'),
        ports: kafkaPorts,
        controllerPort,
        properties: AUTHORIZER,
      })
      await untilSame()
    })

    test('is followed by it, and so are changes of brokers and replicas', async () => {
      await operate(ours.port, 'after')
      await ghost()
      await replicas()
      await untilSame()
      const users = await ask<{ results: { user: string }[] }>(kafka!.port, 'DescribeUserScramCredentials', 0, {
        users: null,
      })
      assert.deepEqual(users.results.map(({ user }) => user).toSorted(), ['alice', 'bob'])
      const quotas = await ask<{ entries: object[] }>(kafka!.port, 'DescribeClientQuotas', 1, {
        components: [],
        strict: false,
      })
      assert.equal(quotas.entries.length, 4)
    })

    test('has no record that the level does not have', async () => {
      const seen = new Set<string>()
      let atLevel = level
      for (const record of metadataRecords(ours.dir)) {
        seen.add(record.type)
        if (record.type === 'FeatureLevel' && record.value.name === 'metadata.version') {
          atLevel = record.value.featureLevel
        }
        assert.ok(record.version <= highestVersion(record.type, atLevel), `${record.type} v${record.version}`)
      }
      for (const type of EXPECTED) assert.ok(seen.has(type), `${type} was written`)
    })

    if (level < LATEST) {
      test('goes on when the level is raised to the newest', async () => {
        const update = (validateOnly: boolean) => ({
          timeoutMs: PATIENCE_MS,
          featureUpdates: [{ feature: 'metadata.version', maxVersionLevel: LATEST, upgradeType: 1 }],
          validateOnly,
        })
        await ask(ours.port, 'UpdateFeatures', 1, update(true))
        assert.equal(await finalizedLevel(ours.port), level)
        await ask(ours.port, 'UpdateFeatures', 1, update(false))
        await eventually(
          async () => ((await finalizedLevel(kafka!.port)) === LATEST ? true : undefined),
          'Apache Kafka has the level',
        )
        await operate(ours.port, 'raised')
        await untilSame()
      })
    }

    const finalizedLevel = async (port: number): Promise<number> => {
      interface Answer {
        readonly finalizedFeatures: readonly { readonly name: string; readonly maxVersionLevel: number }[]
      }
      const software = { clientSoftwareName: 'conformance', clientSoftwareVersion: '1' }
      const { finalizedFeatures } = await ask<Answer>(port, 'ApiVersions', 4, software)
      return finalizedFeatures.find(({ name }) => name === 'metadata.version')!.maxVersionLevel
    }

    /** What needs no other broker. Leaves something of everything, and deletes something of everything. */
    async function operate(port: number, name: string): Promise<void> {
      const topic = (suffix: string, configs: Record<string, string> = {}) => ({
        name: `${name}-${suffix}`,
        numPartitions: 2,
        replicationFactor: 1,
        configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
      })
      const topics = [topic('kept', { 'retention.ms': '1000000', 'segment.bytes': '2000000' }), topic('deleted')]
      await ask(port, 'CreateTopics', 7, { topics, timeoutMs: PATIENCE_MS })
      const grown = { name: `${name}-kept`, count: 3, assignments: null }
      await ask(port, 'CreatePartitions', 3, { topics: [grown], timeoutMs: PATIENCE_MS, validateOnly: false })
      const [SET, DELETE, APPEND] = [0, 1, 2]
      const alter = (resourceType: number, resourceName: string, ...configs: [string, number, string | null][]) => ({
        resourceType,
        resourceName,
        configs: configs.map(([key, configOperation, value]) => ({ name: key, configOperation, value })),
      })
      const resources = [
        alter(TOPIC, `${name}-kept`, ['cleanup.policy', APPEND, 'compact'], ['segment.bytes', DELETE, null]),
        alter(TOPIC, `${name}-deleted`, ['max.message.bytes', SET, '50000']),
        alter(BROKER, '', ['log.retention.ms', SET, '900000000']),
        alter(BROKER, String(OURS), ['log.cleaner.backoff.ms', SET, '15001']),
        alter(CLIENT_METRICS, `${name}-subscription`, ['interval.ms', SET, '60000']),
        alter(GROUP, `${name}-group`, ['consumer.session.timeout.ms', SET, '50000']),
      ]
      for (const resource of resources) {
        await ask(port, 'IncrementalAlterConfigs', 1, { resources: [resource], validateOnly: false })
      }
      // The old way: what is not named is gone, but for what eligible leader replicas need.
      const legacy = {
        resourceType: BROKER,
        resourceName: '',
        configs: [
          { name: 'log.retention.bytes', value: '99999' },
          { name: 'min.insync.replicas', value: '1' },
        ],
      }
      await ask(port, 'AlterConfigs', 2, { resources: [legacy], validateOnly: false })
      const entry = (principal: string) => ({
        resourceType: TOPIC,
        resourceName: `${name}-`,
        resourcePatternType: 4,
        principal,
        host: '*',
        operation: 3,
        permissionType: 3,
      })
      await ask(port, 'CreateAcls', 3, { creations: [entry('User:kept'), entry('User:deleted')] })
      await ask(port, 'DeleteAcls', 3, { filters: [{ ...ANY_ACL, principalFilter: 'User:deleted' }] })
      await ask(port, 'InitProducerId', 4, { transactionalId: null, transactionTimeoutMs: 1000 })
      await ask(port, 'DeleteTopics', 6, { topics: [{ name: `${name}-deleted` }], timeoutMs: PATIENCE_MS })
      const feature = { feature: 'group.version', maxVersionLevel: level < 22 ? 1 : 0, upgradeType: level < 22 ? 1 : 2 }
      await ask(port, 'UpdateFeatures', 1, { timeoutMs: PATIENCE_MS, featureUpdates: [feature], validateOnly: false })
    }

    /** A broker that registers, is let in, loses a directory, and is removed. */
    async function ghost(): Promise<void> {
      const [first, second] = [randomUuid(systemRandom), randomUuid(systemRandom)]
      const features = [
        { name: 'metadata.version', minSupportedVersion: 7, maxSupportedVersion: LATEST },
        { name: 'kraft.version', minSupportedVersion: 0, maxSupportedVersion: 1 },
        { name: 'transaction.version', minSupportedVersion: 0, maxSupportedVersion: 2 },
        ...['group.version', 'eligible.leader.replicas.version', 'share.version', 'streams.version'].map((name) => ({
          name,
          minSupportedVersion: 0,
          maxSupportedVersion: 1,
        })),
      ]
      const registered = await ask<{ brokerEpoch: number }>(controllerPort, 'BrokerRegistration', 4, {
        brokerId: GHOST,
        clusterId,
        incarnationId: randomUuid(systemRandom),
        listeners: [{ name: 'PLAINTEXT', host: '127.0.0.1', port: 1, securityProtocol: 0 }],
        features,
        rack: 'nowhere',
        logDirs: [first, second],
        previousBrokerEpoch: -1,
      })
      const beat = (change: object) =>
        ask<{ isFenced: boolean; shouldShutDown: boolean }>(controllerPort, 'BrokerHeartbeat', 1, {
          brokerId: GHOST,
          brokerEpoch: registered.brokerEpoch,
          currentMetadataOffset: registered.brokerEpoch + 1_000_000,
          wantFence: false,
          wantShutDown: false,
          ...change,
        })
      assert.equal((await beat({})).isFenced, false)
      // Its replica: assigned to a directory, then lost with it.
      const created = await ask<{ topics: { topicId: Uuid }[] }>(ours.port, 'CreateTopics', 7, {
        topics: [
          {
            name: 'haunted',
            numPartitions: -1,
            replicationFactor: -1,
            assignments: [{ partitionIndex: 0, brokerIds: [OURS, GHOST] }],
          },
        ],
        timeoutMs: PATIENCE_MS,
      })
      const [{ topicId }] = created.topics as [{ topicId: Uuid }]
      assert.notEqual(topicId, ZERO_UUID)
      await ask(controllerPort, 'AssignReplicasToDirs', 0, {
        brokerId: GHOST,
        brokerEpoch: registered.brokerEpoch,
        directories: [{ id: first, topics: [{ topicId, partitions: [{ partitionIndex: 0 }] }] }],
      })
      await beat({ offlineLogDirs: [first] })
      await eventually(
        async () => ((await beat({ wantShutDown: true })).shouldShutDown ? true : undefined),
        'it may go',
      )
      await ask(ours.port, 'UnregisterBroker', 0, { brokerId: GHOST })
    }

    /** Reassignments done and cancelled, and an election. */
    async function replicas(): Promise<void> {
      const reassign = (partitionIndex: number, to: readonly number[] | null) =>
        ask(ours.port, 'AlterPartitionReassignments', 0, {
          topics: [{ name: 'before-kept', partitions: [{ partitionIndex, replicas: to }] }],
          timeoutMs: PATIENCE_MS,
        })
      await reassign(0, [KAFKA, OURS])
      await eventually(async () => {
        const { topics } = await metadataOf(ours.port)
        const { isrNodes, replicaNodes } = topics
          .find(({ name }) => name === 'before-kept')!
          .partitions.find(({ partitionIndex }) => partitionIndex === 0)!
        return isrNodes.length === 2 && replicaNodes[0] === KAFKA ? true : undefined
      }, 'Apache Kafka has a replica')
      const election = {
        electionType: 0,
        topicPartitions: [{ topic: 'before-kept', partitions: [0] }],
        timeoutMs: 30_000,
      }
      await ask(ours.port, 'ElectLeaders', 2, election)
      // One that cannot end: nobody has the other replica.
      using _ = suspended(kafka!.pid)
      await reassign(1, [KAFKA])
      await reassign(1, null)
    }

    interface Topics {
      readonly topics: readonly {
        readonly name: string
        readonly topicId: string
        readonly partitions: readonly {
          readonly partitionIndex: number
          readonly replicaNodes: readonly number[]
          readonly isrNodes: readonly number[]
        }[]
      }[]
    }

    const metadataOf = (port: number) =>
      ask<Topics>(port, 'Metadata', 12, { topics: null, allowAutoTopicCreation: false })

    /** What one broker tells from its own image. */
    async function told(port: number) {
      const { topics } = await metadataOf(port)
      const names = topics.map(({ name }) => name).toSorted()
      const paged = await ask<Topics>(port, 'DescribeTopicPartitions', 0, {
        topics: names.map((name) => ({ name })),
        responsePartitionLimit: 1000,
      })
      interface Configs {
        readonly results: readonly {
          readonly resourceName: string
          readonly configs: readonly { readonly name: string; readonly value: string; readonly configSource: number }[]
        }[]
      }
      const resources = [
        ...names.map((resourceName) => ({ resourceType: TOPIC, resourceName })),
        { resourceType: BROKER, resourceName: '' },
        ...['before', 'after', 'raised'].flatMap((name) => [
          { resourceType: CLIENT_METRICS, resourceName: `${name}-subscription` },
          { resourceType: GROUP, resourceName: `${name}-group` },
        ]),
      ]
      const { results } = await ask<Configs>(port, 'DescribeConfigs', 4, { resources })
      const acls = await ask<{ resources: readonly object[] }>(port, 'DescribeAcls', 3, ANY_ACL)
      const { brokers } = await ask<{ brokers: { brokerId: number; rack: string | null; isFenced: boolean }[] }>(
        port,
        'DescribeCluster',
        2,
        { includeFencedBrokers: true },
      )
      return {
        level: await finalizedLevel(port),
        brokers: brokers.toSorted((a, b) => a.brokerId - b.brokerId),
        topics: paged.topics,
        configs: results.map(({ resourceName, configs }) => [
          resourceName,
          configs
            .filter(({ configSource }) => STORED_SOURCES.includes(configSource))
            .map(({ configSource, name, value }) => `${configSource} ${name}=${value}`)
            .toSorted(),
        ]),
        acls: acls.resources.map((each) => JSON.stringify(each)).toSorted(),
      }
    }

    async function untilSame(): Promise<void> {
      let both: Awaited<ReturnType<typeof told>>[] = []
      let failure: unknown
      const isSame = async () => {
        try {
          both = await Promise.all([told(kafka!.port), told(ours.port)])
          failure = undefined
        } catch (error) {
          // New topics have no leader for a moment.
          failure = error
          return undefined
        }
        return JSON.stringify(both[0]) === JSON.stringify(both[1]) ? true : undefined
      }
      await eventually(isSame, 'both tell the same').catch(() => {})
      if (failure !== undefined) throw failure
      assert.deepEqual(both[0], both[1])
      assert.ok(both[0]!.brokers.length === 2 && both[0]!.acls.length > 0 && both[0]!.topics.length > 0)
    }
  })
}

/** What an administered cluster has in its log, at any level. */
const EXPECTED = [
  'AccessControlEntry',
  'BrokerRegistrationChange',
  'ClientQuota',
  'Config',
  'DelegationToken',
  'FeatureLevel',
  'Partition',
  'PartitionChange',
  'ProducerIds',
  'RegisterBroker',
  'RegisterController',
  'RemoveAccessControlEntry',
  'RemoveTopic',
  'Topic',
  'UnregisterBroker',
  'UserScramCredential',
]

function metadataRecords(dir: string): MetadataRecord[] {
  const log = join(dir, '__cluster_metadata-0')
  return readdirSync(log)
    .filter((name) => name.endsWith('.log'))
    .toSorted()
    .flatMap((name) => {
      const bytes = readFileSync(join(log, name))
      return [...readMetadataBatches(bytes, { codecs: nodeCodecs, origin: name })].flatMap(({ records }) => records)
    })
}

function suspended(pid: number): Disposable {
  process.kill(pid, 'SIGSTOP')
  return { [Symbol.dispose]: () => void process.kill(pid, 'SIGCONT') }
}
