/**
 * Apache Kafka's own Java clients: VerifiableProducer and VerifiableConsumer (the programs of its system tests), the console producer and
 * consumer. They speak the newest version of everything.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { runTool, startTool } from '../peers/kafka.ts'
import { eventually, type RunningChild } from '../peers/process.ts'
import { startPeerServer, type PeerServer } from '../peers/server.ts'

let server: PeerServer
before(async () => {
  server = await startPeerServer({ properties: { 'num.partitions': 4 } })
})
after(() => server?.stop())

/** One line of what the verifiable programs write. */
interface Event {
  readonly name: string
  readonly topic?: string
  readonly partition?: number
  readonly offset?: number
  readonly value?: string
  readonly count?: number
  readonly success?: boolean
  readonly partitions?: readonly { topic: string; partition: number; minOffset?: number; maxOffset?: number }[]
  readonly offsets?: readonly { topic: string; partition: number; offset: number }[]
}

function events(text: string): Event[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Event)
}

async function verifiableProducer(topic: string, messages: number, ...flags: string[]): Promise<Event[]> {
  const args = ['--bootstrap-server', server.bootstrap, '--topic', topic, '--max-messages', String(messages), ...flags]
  const { stdout } = await runTool('org.apache.kafka.tools.VerifiableProducer', args, { timeoutMs: 90_000 })
  return events(stdout).filter(({ name }) => name === 'producer_send_success')
}

interface Member {
  readonly child: RunningChild
  events(name: string): Event[]
  assigned(): number[]
  consumed(): number
}

async function verifiableConsumer(topic: string, groupId: string, ...flags: string[]): Promise<Member> {
  const args = [
    '--bootstrap-server',
    server.bootstrap,
    '--topic',
    topic,
    '--group-id',
    groupId,
    '--group-protocol',
    'classic',
  ]
  const child = await startTool('org.apache.kafka.tools.VerifiableConsumer', [
    ...args,
    '--session-timeout',
    '6000',
    '--verbose',
    ...flags,
  ])
  const named = (name: string): Event[] => events(child.stdout()).filter((event) => event.name === name)
  return {
    child,
    events: named,
    assigned: () => {
      const held = new Set<number>()
      for (const event of events(child.stdout())) {
        if (event.name === 'partitions_assigned')
          for (const { partition } of event.partitions ?? []) held.add(partition)
        if (event.name === 'partitions_revoked')
          for (const { partition } of event.partitions ?? []) held.delete(partition)
      }
      return [...held].toSorted((a, b) => a - b)
    },
    consumed: () => named('records_consumed').reduce((sum, { count = 0 }) => sum + count, 0),
  }
}

for (const acks of ['0', '1', '-1']) {
  test(`VerifiableProducer with acks ${acks}: every record is acknowledged once, in order per partition`, async () => {
    const sent = await verifiableProducer(`verifiable-acks${acks}`, 1000, '--acks', acks)
    assert.equal(sent.length, 1000)
    assert.equal(new Set(sent.map(({ value }) => value)).size, 1000)
    if (acks === '0') return
    for (const [partition, group] of Map.groupBy(sent, (event) => event.partition)) {
      assert.deepEqual(
        group.map(({ offset }) => offset),
        group.map((_, index) => index),
        `partition ${partition}`,
      )
    }
  })
}

test('VerifiableConsumer consumes and commits what VerifiableProducer sent', async () => {
  const topic = 'verifiable-both'
  await verifiableProducer(topic, 500)
  const member = await verifiableConsumer(
    topic,
    'verifiable-both-group',
    '--max-messages',
    '500',
    '--reset-policy',
    'earliest',
  )
  assert.ok(await member.child.exited(60_000), 'it ends after 500 records')
  assert.equal(member.child.exitCode(), 0, member.child.tail())
  const values = member.events('record_data').map(({ value }) => Number(value))
  assert.deepEqual(
    values.toSorted((a, b) => a - b),
    Array.from({ length: 500 }, (_, index) => index),
  )
  const committed = new Map(
    member
      .events('offsets_committed')
      .flatMap(({ offsets = [] }) => offsets.map(({ partition, offset }) => [partition, offset] as const)),
  )
  assert.equal(
    [...committed.values()].reduce((sum, offset) => sum + offset, 0),
    500,
  )
  assert.ok(member.events('offsets_committed').every(({ success }) => success))
})

for (const strategy of ['RangeAssignor', 'CooperativeStickyAssignor']) {
  test(`members of a group with the ${strategy} take over from each other, also from one that was killed`, async () => {
    const topic = `verifiable-${strategy}`
    await verifiableProducer(topic, 400)
    const flags = [
      '--assignment-strategy',
      `org.apache.kafka.clients.consumer.${strategy}`,
      '--reset-policy',
      'earliest',
    ]
    const groupId = `${topic}-group`
    const first = await verifiableConsumer(topic, groupId, ...flags)
    const members = [first]
    try {
      await eventually(() => (first.consumed() >= 400 ? true : undefined), 'the only member consumes everything')
      assert.deepEqual(first.assigned(), [0, 1, 2, 3])
      const second = await verifiableConsumer(topic, groupId, ...flags)
      members.push(second)
      await eventually(
        () => (first.assigned().length === 2 && second.assigned().length === 2 ? true : undefined),
        'two partitions each',
      )
      await verifiableProducer(topic, 400, '--value-prefix', '1')
      await eventually(
        () => (first.consumed() + second.consumed() >= 800 ? true : undefined),
        'both together consume everything',
      )
      await first.child.kill()
      await eventually(
        () => (second.assigned().length === 4 ? true : undefined),
        'the session of the killed member ends',
      )
      await verifiableProducer(topic, 400, '--value-prefix', '2')
      const fromLast = (): Set<string | undefined> =>
        new Set(
          second
            .events('record_data')
            .map(({ value }) => value)
            .filter((value) => value?.startsWith('2.')),
        )
      await eventually(() => (fromLast().size >= 400 ? true : undefined), 'the survivor consumes everything')
    } finally {
      for (const member of members) await member.child.stop()
    }
  })
}

test('a static member comes back without a rebalance', async () => {
  const topic = 'verifiable-static'
  await verifiableProducer(topic, 100)
  const flags = ['--reset-policy', 'earliest', '--group-instance-id']
  const settings = ['--session-timeout', '30000']
  const other = await verifiableConsumer(topic, 'verifiable-static-group', ...settings, ...flags, 'one')
  const first = await verifiableConsumer(topic, 'verifiable-static-group', ...settings, ...flags, 'two')
  const members = [other, first]
  try {
    await eventually(
      () => (other.assigned().length === 2 && first.assigned().length === 2 ? true : undefined),
      'two partitions each',
    )
    const before = other.events('partitions_assigned').length
    const held = first.assigned()
    await first.child.kill()
    const again = await verifiableConsumer(topic, 'verifiable-static-group', ...settings, ...flags, 'two')
    members.push(again)
    await eventually(() => (again.assigned().length === 2 ? true : undefined), 'it has its partitions again')
    assert.deepEqual(again.assigned(), held)
    assert.equal(other.events('partitions_assigned').length, before, 'the other member noticed nothing')
  } finally {
    for (const member of members) await member.child.stop()
  }
})

const consoleConsumer = async (topic: string, messages: number, ...flags: string[]): Promise<string[]> => {
  const args = [
    '--bootstrap-server',
    server.bootstrap,
    '--topic',
    topic,
    '--max-messages',
    String(messages),
    '--timeout-ms',
    '20000',
    ...flags,
  ]
  const { stdout } = await runTool('org.apache.kafka.tools.consumer.ConsoleConsumer', args, {
    timeoutMs: 60_000,
    exitCodes: [0, 1],
  })
  return stdout.split('\n').filter((line) => line !== '')
}

for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
  test(`console producer and consumer with ${codec}: keys, headers, null values`, async () => {
    const topic = `console-${codec}`
    const reader = ['parse.key=true', 'parse.headers=true', 'null.marker=NULL'].flatMap((property) => [
      '--reader-property',
      property,
    ])
    const rows = Array.from(
      { length: 50 },
      (_, index) => `h:${index}\tkey${index}\t${index % 7 === 0 ? 'NULL' : `value ${'v'.repeat(index)}`}`,
    )
    await runTool(
      'org.apache.kafka.tools.ConsoleProducer',
      ['--bootstrap-server', server.bootstrap, '--topic', topic, '--compression-codec', codec, ...reader],
      {
        input: `${rows.join('\n')}\n`,
      },
    )
    const formatter = ['print.key=true', 'print.headers=true', 'null.literal=NULL'].flatMap((property) => [
      '--formatter-property',
      property,
    ])
    const consumed = await consoleConsumer(topic, rows.length, '--from-beginning', ...formatter)
    assert.deepEqual(consumed.toSorted(), rows.toSorted())
  })
}

test('the console consumer begins at an offset of a partition', async () => {
  const topic = 'console-offset'
  await runTool(
    'org.apache.kafka.tools.ConsoleProducer',
    ['--bootstrap-server', server.bootstrap, '--topic', topic, '--reader-property', 'parse.key=true'],
    {
      input: Array.from({ length: 10 }, (_, index) => `same\t${index}\n`).join(''),
    },
  )
  const all = await consoleConsumer(topic, 10, '--from-beginning', '--formatter-property', 'print.partition=true')
  const partition = all[0]!.match(/Partition:(\d+)/)![1]!
  assert.deepEqual(await consoleConsumer(topic, 3, '--partition', partition, '--offset', '7'), ['7', '8', '9'])
})
