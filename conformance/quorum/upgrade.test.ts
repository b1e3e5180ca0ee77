/**
 * A static quorum becomes a dynamic one (KIP-853) under Apache Kafka's own tools, with voters of both kinds: a leader of either
 * learns from a follower of the other what it has to write into the log. Whoever starts on the directories afterwards finds it.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { runTool } from '../peers/kafka.ts'
import { eventually } from '../peers/process.ts'
import { NODE_IDS, ThreeNodes } from '../handover/three-nodes.ts'

const TIMEOUT_MS = 60_000
const PROPERTIES = {
  'offsets.topic.replication.factor': 3,
  'offsets.topic.num.partitions': 1,
  // Virtual machines that start stand still now and then.
  'controller.quorum.fetch.timeout.ms': 4_000,
  'controller.quorum.election.timeout.ms': 2_000,
}

const FEATURES = 'org.apache.kafka.tools.FeatureCommand'
const QUORUM = 'org.apache.kafka.tools.MetadataQuorumCommand'

for (const { leader, follower } of [
  { leader: 'braidlog', follower: 'kafka' },
  { leader: 'kafka', follower: 'braidlog' },
] as const) {
  const [name, other] = leader === 'kafka' ? ['Apache Kafka', 'ours'] : ['ours', 'Apache Kafka']
  test(
    `a static quorum that ${name} leads is made dynamic, with a voter of ${other}`,
    { timeout: 240_000 },
    async (context) => {
      const work = mkdtempSync(join(tmpdir(), 'braidlog-upgrade-'))
      const nodes = await ThreeNodes.format({ quorum: 'static', work, properties: PROPERTIES, records: [] })
      const at = ['--bootstrap-server', `127.0.0.1:${nodes.portOf(1)}`]
      try {
        await nodes.start(leader, [1, 2])
        await nodes.start(follower, [3])
        await untilFollowed(nodes)
        const before = await runTool(FEATURES, [...at, 'describe'])
        assert.match(
          before.stdout,
          /kraft\.version\s+SupportedMinVersion: 0\s+SupportedMaxVersion: 1\s+FinalizedVersionLevel: 0/,
        )

        // A leader waits for what its followers tell of themselves.
        await eventually(
          async () => {
            const upgrade = await runTool(FEATURES, [...at, 'upgrade', '--feature', 'kraft.version=1'], {
              exitCodes: [0, 1],
            })
            return upgrade.exitCode === 0 ? true : undefined
          },
          'kraft.version is raised',
          TIMEOUT_MS,
        )
        const after = await runTool(FEATURES, [...at, 'describe'])
        assert.match(after.stdout, /kraft\.version.*FinalizedVersionLevel: 1/)
        const lowered = await runTool(FEATURES, [...at, 'downgrade', '--feature', 'kraft.version=0'], {
          exitCodes: [1],
        })
        assert.match(lowered.stdout + lowered.stderr, /kraft\.version|downgrade/)
        const status = await runTool(QUORUM, [...at, 'describe', '--status'])
        for (const nodeId of NODE_IDS) assert.ok(status.stdout.includes(nodes.directoryIdOf(nodeId)), status.stdout)

        const third = ['--controller-id', '3', '--controller-directory-id', nodes.directoryIdOf(3)]
        await runTool(QUORUM, [...at, 'remove-controller', ...third])
        assert.deepEqual(await votersOf(nodes), [1, 2])
        await nodes.addVoter(3)
        assert.deepEqual(await votersOf(nodes), [1, 2, 3])

        await nodes.stop()
        await nodes.start(follower)
        await untilFollowed(nodes)
        assert.deepEqual(await votersOf(nodes), [1, 2, 3])
        const found = await runTool(FEATURES, [...at, 'describe'])
        assert.match(found.stdout, /kraft\.version.*FinalizedVersionLevel: 1/)
      } catch (error) {
        context.diagnostic(nodes.log())
        throw error
      } finally {
        await nodes.kill()
        rmSync(work, { recursive: true, force: true })
      }
    },
  )
}

interface Replica {
  readonly replicaId: number
  readonly logEndOffset: number
}
interface Described {
  readonly topics: readonly { readonly partitions: readonly { readonly currentVoters: readonly Replica[] }[] }[]
}

async function describe(nodes: ThreeNodes): Promise<readonly Replica[]> {
  const body = { topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }] }
  const { topics } = await nodes.ask<Described>(1, 'DescribeQuorum', 2, body)
  return topics[0]?.partitions[0]?.currentVoters ?? []
}

async function votersOf(nodes: ThreeNodes): Promise<number[]> {
  return (await describe(nodes)).map(({ replicaId }) => replicaId).toSorted((a, b) => a - b)
}

/** All three fetch from the leader. */
async function untilFollowed(nodes: ThreeNodes): Promise<void> {
  await eventually(
    async () => {
      const voters = await describe(nodes).catch(() => [])
      return voters.length === NODE_IDS.length && voters.every(({ logEndOffset }) => logEndOffset > 0)
        ? true
        : undefined
    },
    'every voter follows',
    TIMEOUT_MS,
  )
}
