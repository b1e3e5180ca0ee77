/**
 * kcat: produce, consume by position and by time, keys and headers, metadata, offset queries, a balanced consumer group.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { kcat, startKcat } from '../peers/kcat.ts'
import { eventually } from '../peers/process.ts'
import { startPeerServer, type PeerServer } from '../peers/server.ts'

let server: PeerServer
before(async () => {
  server = await startPeerServer({ properties: { 'num.partitions': 3 } })
})
after(() => server?.stop())

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '')

test('what kcat produced it consumes again, with keys, headers, offsets and null values', async () => {
  const input = 'k1:v1\nk2:v2\nk3:\n'
  await kcat(
    ['-P', '-b', server.bootstrap, '-t', 'kcat-basic', '-p', '0', '-K:', '-Z', '-H', 'trace=abc', '-H', 'empty='],
    { input },
  )
  const { stdout } = await kcat([
    '-C',
    '-b',
    server.bootstrap,
    '-t',
    'kcat-basic',
    '-p',
    '0',
    '-o',
    'beginning',
    '-e',
    '-q',
    '-f',
    '%o %k %S %s %h\n',
  ])
  assert.deepEqual(lines(stdout), [
    '0 k1 2 v1 trace=abc,empty=',
    '1 k2 2 v2 trace=abc,empty=',
    '2 k3 -1  trace=abc,empty=',
  ])
})

for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
  for (const acks of ['0', '1', 'all']) {
    test(`a thousand records with ${codec} and acks=${acks} come back in order`, async () => {
      const topic = `kcat-${codec}-${acks}`
      // Created before, because with acks=0 nobody would say that the leader was not there yet.
      await kcat(['-L', '-b', server.bootstrap, '-t', topic, '-X', 'allow.auto.create.topics=true'])
      const values = Array.from({ length: 1000 }, (_, index) => `record ${index} ${'x'.repeat(index % 97)}`)
      await kcat(['-P', '-b', server.bootstrap, '-t', topic, '-p', '1', '-z', codec, '-X', `acks=${acks}`], {
        input: values.join('\n'),
      })
      const stdout = await eventually(async () => {
        const consumed = await kcat([
          '-C',
          '-b',
          server.bootstrap,
          '-t',
          topic,
          '-p',
          '1',
          '-o',
          'beginning',
          '-e',
          '-q',
        ])
        return lines(consumed.stdout).length >= values.length ? consumed.stdout : undefined
      }, `${topic} holds all records`)
      assert.deepEqual(lines(stdout), values)
    })
  }
}

test('an idempotent producer writes each record once', async () => {
  const values = Array.from({ length: 500 }, (_, index) => String(index))
  const flags = ['-X', 'enable.idempotence=true', '-X', 'batch.num.messages=10']
  await kcat(['-P', '-b', server.bootstrap, '-t', 'kcat-idempotent', '-p', '0', ...flags], { input: values.join('\n') })
  const { stdout } = await kcat([
    '-C',
    '-b',
    server.bootstrap,
    '-t',
    'kcat-idempotent',
    '-p',
    '0',
    '-o',
    'beginning',
    '-e',
    '-q',
  ])
  assert.deepEqual(lines(stdout), values)
})

test('metadata lists brokers, topics and partitions', async () => {
  await kcat(['-P', '-b', server.bootstrap, '-t', 'kcat-listed', '-p', '0'], { input: 'x' })
  const { stdout } = await kcat(['-L', '-J', '-b', server.bootstrap])
  const metadata = JSON.parse(stdout) as {
    brokers: { id: number; name: string }[]
    controllerid: number
    topics: {
      topic: string
      partitions: { partition: number; leader: number; replicas: { id: number }[]; isrs: { id: number }[] }[]
    }[]
  }
  assert.deepEqual(metadata.brokers, [{ id: 1, name: server.bootstrap }])
  assert.equal(metadata.controllerid, 1)
  const listed = metadata.topics.find((topic) => topic.topic === 'kcat-listed')
  assert.deepEqual(
    listed?.partitions.map(({ partition, leader, replicas, isrs }) => ({ partition, leader, replicas, isrs })),
    [0, 1, 2].map((partition) => ({ partition, leader: 1, replicas: [{ id: 1 }], isrs: [{ id: 1 }] })),
  )
})

test('offsets are found by time, and by both ends', async () => {
  const topic = 'kcat-times'
  await kcat(['-P', '-b', server.bootstrap, '-t', topic, '-p', '0'], { input: 'one\ntwo\nthree' })
  const { stdout } = await kcat([
    '-C',
    '-b',
    server.bootstrap,
    '-t',
    topic,
    '-p',
    '0',
    '-o',
    'beginning',
    '-e',
    '-q',
    '-f',
    '%T\n',
  ])
  const timestamps = lines(stdout).map(Number)
  assert.equal(timestamps.length, 3)
  const query = async (at: number): Promise<number> => {
    const { stdout: answer } = await kcat(['-Q', '-b', server.bootstrap, '-t', `${topic}:0:${at}`])
    return Number(answer.match(/offset (-?\d+)/)![1])
  }
  assert.equal(await query(timestamps[0]!), 0)
  assert.equal(await query(timestamps[0]! - 1_000_000), 0)
  assert.equal(await query(-2), 0)
  assert.equal(await query(-1), 3)
  // librdkafka answers the end for a time after the last record.
  assert.ok([-1, 3].includes(await query(timestamps[2]! + 1_000_000)))
})

test('consuming may begin and end at offsets and times', async () => {
  const topic = 'kcat-ranges'
  await kcat(['-P', '-b', server.bootstrap, '-t', topic, '-p', '0'], {
    input: Array.from({ length: 100 }, (_, n) => String(n)).join('\n'),
  })
  const consume = async (...from: string[]): Promise<string[]> =>
    lines((await kcat(['-C', '-b', server.bootstrap, '-t', topic, '-p', '0', ...from, '-q', '-e'])).stdout)
  assert.deepEqual(await consume('-o', '97'), ['97', '98', '99'])
  assert.deepEqual(await consume('-o', '-2'), ['98', '99'])
  assert.deepEqual(await consume('-o', '10', '-c', '3'), ['10', '11', '12'])
  assert.equal((await consume('-o', 's@0')).length, 100)
})

test('an unknown topic is an error when creation is not allowed', async () => {
  const result = await kcat(
    ['-C', '-b', server.bootstrap, '-t', 'kcat-absent', '-e', '-X', 'allow.auto.create.topics=false'],
    {
      exitCodes: [0, 1],
    },
  )
  assert.match(result.stderr, /Unknown topic|unknown topic|UNKNOWN_TOPIC/i)
})

test('two members of a group share the partitions, and the survivor takes over all of them', async () => {
  const topic = 'kcat-group'
  for (const partition of ['0', '1', '2']) {
    await kcat(['-P', '-b', server.bootstrap, '-t', topic, '-p', partition], { input: `before ${partition}` })
  }
  const settings = [
    '-X',
    'session.timeout.ms=6000',
    '-X',
    'heartbeat.interval.ms=500',
    '-X',
    'auto.offset.reset=earliest',
    '-u',
  ]
  const join = (): ReturnType<typeof startKcat> =>
    startKcat(['-b', server.bootstrap, ...settings, '-f', '%p:%s\n', '-G', 'kcat-members', topic])
  const first = await join()
  await first.line(/2:before 2/)
  const second = await join()
  try {
    await eventually(() => (/assigned: /.test(second.stderr()) ? true : undefined), 'the second member has partitions')
    for (const partition of ['0', '1', '2']) {
      await kcat(['-P', '-b', server.bootstrap, '-t', topic, '-p', partition], { input: `shared ${partition}` })
    }
    const shared = (): string[] => lines(first.stdout() + second.stdout()).filter((line) => line.includes('shared'))
    await eventually(() => (shared().length >= 3 ? true : undefined), 'both together consumed everything')
    assert.deepEqual(shared().toSorted(), ['0:shared 0', '1:shared 1', '2:shared 2'])
    assert.notEqual(lines(second.stdout()).length, 0)
    await first.stop()
    for (const partition of ['0', '1', '2']) {
      await kcat(['-P', '-b', server.bootstrap, '-t', topic, '-p', partition], { input: `alone ${partition}` })
    }
    const alone = (): string[] => lines(second.stdout()).filter((line) => line.includes('alone'))
    await eventually(() => (alone().length >= 3 ? true : undefined), 'the survivor consumed everything')
    assert.deepEqual(alone().toSorted(), ['0:alone 0', '1:alone 1', '2:alone 2'])
    // Committed offsets hold: nothing from before is delivered twice.
    assert.deepEqual(
      lines(second.stdout()).filter((line) => line.includes('before')),
      [],
    )
  } finally {
    await Promise.all([first.stop(), second.stop()])
  }
})
