/** `cluster reassign apply --throttle`: which limits are set, and that `status` takes them away when all has arrived. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { Kafka, type Admin } from '@braidlog/client'
import { eventually, TestCluster } from '../../server/test/cluster.ts'
import { throttledTopics } from '../src/reassignment-throttle.ts'
import { braidlog } from './drive.ts'

test('who has the records is limited as a leader, who gets them as a follower; who is only left out is not', () => {
  const before = [
    { topic: 'a', partition: 0, replicas: [1, 2] },
    { topic: 'a', partition: 1, replicas: [2, 3] },
    { topic: 'b', partition: 0, replicas: [1, 2] },
  ]
  const after = [
    { topic: 'a', partition: 0, replicas: [2, 3] },
    { topic: 'a', partition: 1, replicas: [2, 1, 3] },
    { topic: 'b', partition: 0, replicas: [2] },
  ]
  assert.deepEqual(throttledTopics(before, after), [
    { topic: 'a', leaders: ['0:1', '0:2', '1:2', '1:3'], followers: ['0:3', '1:1'] },
  ])
})

async function throttles(admin: Admin): Promise<Readonly<Record<string, string>>> {
  const resources = [
    { type: 'topic' as const, name: 'orders' },
    ...['1', '2'].map((name) => ({ type: 'broker' as const, name })),
  ]
  const described = await admin.describeConfigs(resources)
  const entries = described.flatMap(({ name, entries }) =>
    entries
      .filter((entry) => entry.name.includes('replication.throttled') && entry.source.match(/^(topic|dynamicBroker)$/))
      .map((entry) => [`${name} ${entry.name}`, entry.value ?? '']),
  )
  return Object.fromEntries(entries) as Readonly<Record<string, string>>
}

test('a throttled move: limits come with `apply` and go with `status`', { timeout: 60_000 }, async () => {
  await using cluster = await TestCluster.start(2)
  const folder = mkdtempSync(join(tmpdir(), 'braidlog-throttle-'))
  const bootstrap = cluster.nodes[0]!.server.bootstrapServers
  const kafka = new Kafka({ bootstrapServers: [bootstrap] })
  const run = async (...args: string[]): Promise<string> => {
    const outcome = await braidlog(['cluster', 'reassign', ...args], { env: { BOOTSTRAP_SERVERS: bootstrap } })
    assert.equal(outcome.exitCode, 0, outcome.stderr)
    return outcome.stdout
  }
  try {
    const admin = kafka.admin()
    await admin.createTopics([{ name: 'orders', assignments: [[1]] }])
    const plan = join(folder, 'plan.json')
    writeFileSync(
      plan,
      JSON.stringify({ version: 1, partitions: [{ topic: 'orders', partition: 0, replicas: [1, 2] }] }),
    )
    await run('apply', plan, '--throttle', '1000000')
    assert.deepEqual(await throttles(admin), {
      'orders leader.replication.throttled.replicas': '0:1',
      'orders follower.replication.throttled.replicas': '0:2',
      '1 leader.replication.throttled.rate': '1000000',
      '1 follower.replication.throttled.rate': '1000000',
      '2 leader.replication.throttled.rate': '1000000',
      '2 follower.replication.throttled.rate': '1000000',
    })
    await eventually(
      () => admin.listPartitionReassignments(),
      (moving) => moving.length === 0,
    )
    assert.match(await run('status', '--keep-throttle'), /^Nothing is being moved\.$/m)
    assert.equal(Object.keys(await throttles(admin)).length, 6)
    assert.match(await run('status'), /Lifted the throttle of orders\./)
    assert.deepEqual(await throttles(admin), {})
    assert.match(await run('status'), /^Nothing is being moved\.$/m)
  } finally {
    await kafka.close()
    rmSync(folder, { recursive: true })
  }
})
