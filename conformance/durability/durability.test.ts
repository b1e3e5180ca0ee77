/**
 * What was acknowledged stays: a server under load that is killed at random moments, stopped in good order, and out of disk space.
 *
 * A killed process loses what it had not handed to the operating system; a lost machine, which also loses the page cache, is for tests
 * of the storage layer. The moments come from a seed: `DURABILITY_SEED=n` repeats a run as far as processes let themselves be repeated.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { SeededRandom, below } from '@braidlog/base'
import { Kafka, type Admin } from '@braidlog/client'
import { kcat, startKcat } from '../peers/kcat.ts'
import { eventually, run } from '../peers/process.ts'
import { against } from '../peers/server.ts'
import { LedgerLoad } from './ledger-load.ts'
import { RestartableServer } from './restartable-server.ts'

/** A start of Apache Kafka takes seconds. */
const roundCount = against === 'kafka' ? 4 : 12
const partitionCount = 4
const seed = Number(process.env['DURABILITY_SEED'] ?? Date.now() % 1_000_000)
const random = new SeededRandom(seed)
const waitMs = 60_000

let work: string
before(() => {
  work = mkdtempSync(join(tmpdir(), 'braidlog-durability-'))
  process.stdout.write(`  DURABILITY_SEED=${seed}\n`)
})
after(() => rmSync(work, { recursive: true, force: true }))

/** A group's only member, which commits batch by batch and remembers up to where it was told that it is committed. */
class CommittingMember {
  readonly #consumer
  readonly #running: Promise<void>
  readonly #stopping = new AbortController()
  readonly acknowledged = new Map<number, bigint>()

  constructor(kafka: Kafka, groupId: string, topic: string) {
    this.#consumer = kafka.consumer({
      groupId,
      topics: [topic],
      autoOffsetReset: 'earliest',
      commit: 'manual',
      sessionTimeoutMs: 10_000,
      heartbeatIntervalMs: 500,
    })
    this.#running = this.#run()
    this.#running.catch(() => {}) // `stop` tells.
  }

  async #run(): Promise<void> {
    try {
      for await (const batch of this.#consumer.batches({ signal: this.#stopping.signal })) {
        const committed = await batch.commit().then(
          () => true,
          () => false, // Not acknowledged: nothing is promised.
        )
        if (committed) this.acknowledged.set(batch.partition, batch.lastOffset + 1n)
      }
    } catch (error) {
      if (!this.#stopping.signal.aborted) throw error
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#consumer.close()
    await this.#running
  }
}

async function committedOffsets(admin: Admin, groupId: string): Promise<Map<number, bigint>> {
  const offsets = await admin.listGroupOffsets(groupId)
  return new Map(offsets.flatMap(({ partition, offset }) => (offset === null ? [] : [[partition, offset]])))
}

/** Waits until so many more records are acknowledged, which shows that the server serves again. */
async function moreAcknowledged(load: LedgerLoad, server: RestartableServer): Promise<void> {
  const wanted = load.acknowledged() + 200
  await eventually(
    () => {
      assert.equal(load.failure(), undefined, `no record fails\n${server.log()}`)
      return load.acknowledged() >= wanted ? true : undefined
    },
    'records are acknowledged again',
    waitMs,
  )
}

function reportStarts(what: string, server: RestartableServer): void {
  const times = server.startTimesMs.slice(1).toSorted((a, b) => a - b)
  const [least, median, most] = [times[0]!, times[times.length >> 1]!, times.at(-1)!].map(Math.round)
  process.stdout.write(`  start after ${what}: ${least} ms at least, ${median} median, ${most} at most\n`)
}

test(`a server killed ${roundCount} times under load keeps every acknowledged record exactly once and every offset`, async () => {
  const topic = 'killed'
  const group = 'killed-readers'
  const server = await RestartableServer.start(join(work, 'killed'))
  await using kafka = new Kafka({ bootstrapServers: server.bootstrap })
  const admin = kafka.admin()
  try {
    await admin.createTopics([{ name: topic, partitions: partitionCount }])
    const load = new LedgerLoad({ kafka, topic, partitionCount })
    load.start()
    const member = new CommittingMember(kafka, group, topic)
    await eventually(() => (member.acknowledged.size === partitionCount ? true : undefined), 'first commits', waitMs)
    for (let round = 0; round < roundCount; round++) {
      await delay(below(random, 800))
      await server.kill()
      const promised = new Map(member.acknowledged)
      assert.equal(server.hasCleanShutdownFile(), false, 'a crash leaves no sign of a clean shutdown')
      await server.restart()
      const lost = async (): Promise<string | undefined> => {
        const committed = await committedOffsets(admin, group)
        return [...promised]
          .find(([partition, offset]) => (committed.get(partition) ?? -1n) < offset)
          ?.join(' at least ')
      }
      // Apache Kafka 4.3 has been seen to answer a few commits behind for a moment after such a start.
      if (against === 'kafka')
        await eventually(async () => ((await lost()) === undefined ? true : undefined), 'offsets')
      else assert.equal(await lost(), undefined, `round ${round}: committed offset of the group in partition …`)
      await moreAcknowledged(load, server)
    }
    await load.stop()
    assert.equal(load.failure(), undefined, 'every record was acknowledged in the end')
    const ends = await admin.listOffsets(
      Array.from({ length: partitionCount }, (_, partition) => ({ topic, partition, at: 'latest' as const })),
    )
    await eventually(
      () => (ends.every(({ partition, offset }) => member.acknowledged.get(partition) === offset) ? true : undefined),
      'the group reaches the end',
      waitMs,
    )
    await member.stop()
    await load.assertKept(server.bootstrap)
    process.stdout.write(`  ${load.acknowledged()} records acknowledged over ${roundCount} kills\n`)
    reportStarts('a kill', server)
  } finally {
    await server.kill()
  }
})

test('a server stopped by SIGTERM under load says so on disk and loses nothing', async () => {
  const topic = 'stopped'
  const server = await RestartableServer.start(join(work, 'stopped'))
  await using kafka = new Kafka({ bootstrapServers: server.bootstrap })
  try {
    await kafka.admin().createTopics([{ name: topic, partitions: partitionCount }])
    const load = new LedgerLoad({ kafka, topic, partitionCount })
    load.start()
    await moreAcknowledged(load, server)
    for (let round = 0; round < 3; round++) {
      await delay(below(random, 500))
      await server.stop()
      assert.equal(server.hasCleanShutdownFile(), true, 'the clean shutdown is on disk')
      await server.restart()
      assert.equal(server.hasCleanShutdownFile(), false, 'and counts once only')
      await moreAcknowledged(load, server)
    }
    await load.stop()
    assert.equal(load.failure(), undefined, 'every record was acknowledged in the end')
    await load.assertKept(server.bootstrap)
    reportStarts('a clean shutdown', server)
  } finally {
    await server.kill()
  }
})

test('what kcat sends as an idempotent producer is there exactly once after two kills', async () => {
  const topic = 'by-kcat'
  const lineCount = 30_000
  const server = await RestartableServer.start(join(work, 'kcat'))
  try {
    const target = ['-b', server.bootstrap, '-t', topic, '-p', '0']
    const properties = ['-X', 'enable.idempotence=true', '-X', 'acks=all', '-X', 'batch.num.messages=100']
    const producer = await startKcat(['-P', '-E', ...target, ...properties])
    for (let number = 0; number < lineCount; number++) {
      producer.stdin.write(`${number}\n`)
      if (number % 500 === 499) await delay(15)
      if (number === 8_000 || number === 20_000) {
        await server.kill()
        await server.restart()
      }
    }
    producer.stdin.end()
    assert.ok(await producer.exited(waitMs), 'kcat ends when everything is acknowledged')
    assert.equal(producer.exitCode(), 0, producer.tail())
    const { stdout } = await kcat(['-C', ...target, '-o', 'beginning', '-e', '-q', '-f', '%o %s\\n'])
    assert.deepEqual(
      stdout.trimEnd().split('\n'),
      Array.from({ length: lineCount }, (_, index) => `${index} ${index}`),
    )
  } finally {
    await server.kill()
  }
})

test('a full disk fails what it cannot keep and loses nothing it has acknowledged', async (context) => {
  const mountPoint = mkdtempSync(join(work, 'full-'))
  const mounted = await mountMemory(mountPoint, '48m')
  if (mounted !== true) return context.skip(mounted)
  let server: RestartableServer | undefined
  try {
    const topic = 'full'
    server = await RestartableServer.start(join(mountPoint, 'data'))
    const { bootstrap } = server
    await using kafka = new Kafka({ bootstrapServers: bootstrap, requestTimeoutMs: 3_000 })
    await kafka.admin().createTopics([{ name: topic, partitions: partitionCount }])
    const load = new LedgerLoad({ kafka, topic, partitionCount, valueSizeBytes: 8_000, deliveryTimeoutMs: 4_000 })
    load.start()
    await eventually(() => (load.failure() === undefined ? undefined : true), 'the disk is full', waitMs)
    await load.stop()
    assert.match(server.log(), /no space left|ENOSPC/i, 'the log names the reason')
    // Whether it ends with an error of its own or at our request: it has failed, and must not call that a clean shutdown.
    await server.stop().catch(() => {})
    assert.equal(server.hasCleanShutdownFile(), false)
    await run('mount', ['-o', 'remount,size=256m', mountPoint])
    await server.restart()
    await load.assertKept(bootstrap)
    const again = await kafka.producer().send({ topic: 'after', key: 'k', value: 'there is room again' })
    assert.equal(again.offset, 0n)
    process.stdout.write(
      `  ${load.acknowledged()} records acknowledged before the disk was full; then ${String(load.failure())}\n`,
    )
  } finally {
    await server?.kill()
    await run('umount', ['-l', mountPoint], { exitCodes: [0, 32] })
  }
})

/** A file system of that size; or why there is none. */
async function mountMemory(path: string, size: string): Promise<true | string> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'only root can mount a small file system'
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path])
    return true
  } catch {
    return 'this machine lets nobody mount a small file system'
  }
}
