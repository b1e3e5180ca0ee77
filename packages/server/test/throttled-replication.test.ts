/** Catching up, held back by configuration on the leader or on the follower (KIP-73), in a cluster. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ErrorCode } from '@braidlog/model'
import {
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsResponse,
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponse,
} from '@braidlog/protocol'
import type { WireClient } from '../../broker/test/wire.ts'
import { eventually, metadata, TestCluster } from './cluster.ts'
import { batchOf, createTopic, produce } from './node.ts'

const TIMEOUT = { timeout: 60_000 }
const BROKER = 4
const SET = 0
const DELETE = 1
const CHUNK_BYTES = 1 << 16

async function configure(
  client: WireClient,
  resourceType: number,
  resourceName: string,
  configs: Readonly<Record<string, string | null>>,
): Promise<void> {
  const { responses } = await client.call(IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse, 1, {
    resources: [
      {
        resourceType,
        resourceName,
        configs: Object.entries(configs).map(([name, value]) => ({
          name,
          configOperation: value === null ? DELETE : SET,
          value,
        })),
      },
    ],
  })
  assert.equal(responses[0]!.errorCode, ErrorCode.NONE)
}

for (const side of ['leader', 'follower'] as const) {
  describe(`a replica that catches up, with a limit on the ${side}`, () => {
    it('gets little, others are not held back, and it catches up when the limit is gone', TIMEOUT, async () => {
      await using cluster = await TestCluster.start(2, { 'replica.fetch.max.bytes': CHUNK_BYTES })
      const client = await cluster.client(1)
      const limited = side === 'leader' ? '1' : '2'
      await configure(client, BROKER, limited, { [`${side}.replication.throttled.rate`]: '1' })
      for (const topic of ['held', 'free']) {
        const configs = {
          [`${side}.replication.throttled.replicas`]: topic === 'held' ? `0:${limited}` : `7:${limited}`,
        }
        await createTopic(client, topic, { assignment: [[1]], configs })
        const record = 'x'.repeat(CHUNK_BYTES / 2)
        for (let i = 0; i < 40; i++) await produce(client, topic, batchOf([record]))
      }
      const second = cluster.nodes[1]!.server.parts
      const endOf = (topic: string): number => {
        const topicId = second.image.topic(topic)?.id
        const replica = topicId === undefined ? undefined : second.partitions!.get(topicId, 0)
        return replica?.log.logEndOffset ?? 0
      }
      const { responses } = await client.call(
        AlterPartitionReassignmentsRequest,
        AlterPartitionReassignmentsResponse,
        0,
        {
          topics: ['held', 'free'].map((name) => ({ name, partitions: [{ partitionIndex: 0, replicas: [1, 2] }] })),
        },
      )
      assert.deepEqual(
        responses.map((topic) => topic.partitions[0]!.errorCode),
        [ErrorCode.NONE, ErrorCode.NONE],
      )
      const isrOf = async (topic: string): Promise<number> =>
        (await metadata(client, topic)).topics[0]!.partitions[0]!.isrNodes.length
      await eventually(
        () => isrOf('free'),
        (count) => count === 2,
      )
      await eventually(
        async () => endOf('held'),
        (end) => end > 0,
      )
      assert.ok(endOf('held') < 40, `${endOf('held')} of 40`)
      assert.equal(await isrOf('held'), 1)
      await configure(client, BROKER, limited, { [`${side}.replication.throttled.rate`]: null })
      await eventually(
        () => isrOf('held'),
        (count) => count === 2,
      )
      assert.equal(endOf('held'), 40)
    })
  })
}
