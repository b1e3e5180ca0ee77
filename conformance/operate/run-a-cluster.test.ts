/**
 * What `docs/how-to/run-a-cluster.md` tells people to type, typed: three nodes are formatted and started, restarted one after the other
 * under a load of which no request may fail, upgraded at the end, and given a fourth controller, which is taken away again.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Kafka } from '@braidlog/client'
import { eventually } from '../peers/process.ts'
import { HowTo } from './how-to.ts'
import { Machines } from './machines.ts'

const page = new HowTo('run-a-cluster.md')
const MACHINES = 'On three machines'
const TOPIC = 'orders'
const PARTITIONS = 6
const PAUSE_MS = 5
/** The metadata.version of the release before, and what the cluster is raised to in the end. */
const OLDER = '4.2-IV1'

const variables: Record<string, string> = {}
let machines: Machines
let kafka: Kafka

interface QuorumStatus {
  readonly leader: number
  readonly voters: readonly { readonly nodeId: number }[]
  readonly observers: readonly { readonly nodeId: number; readonly logEndOffset: number }[]
}

async function data<T>(...args: string[]): Promise<T> {
  const { stdout } = await machines.braidlog(1, [...args, '-o', 'json'])
  return (JSON.parse(stdout) as { data: T }).data
}

const status = (): Promise<QuorumStatus> => data('quorum', 'status')
const idsOf = (replicas: readonly { readonly nodeId: number }[]): number[] =>
  replicas.map(({ nodeId }) => nodeId).toSorted((a, b) => a - b)

async function healthy(): Promise<void> {
  let said = ''
  await eventually(
    async () => {
      const { exitCode, stdout } = await machines.braidlog(1, ['cluster', 'health'], [0, 1])
      said = stdout
      return exitCode === 0 ? true : undefined
    },
    'health is quiet',
    60_000,
  ).catch((error: unknown) => {
    throw new Error(`not healthy:\n${said}`, { cause: error })
  })
}

before(async () => {
  const [properties] = page.blocks(MACHINES, 'properties')
  machines = await Machines.prepare(4, properties!, { 'offsets.topic.num.partitions': 3 }, variables)
  const [randomUuid, format, start] = page.commands(MACHINES)
  for (const name of ['ID', 'D1', 'D2', 'D3']) {
    const { stdout } = await machines.braidlog(1, randomUuid!)
    variables[name] = stdout.trim()
  }
  for (const id of [1, 2, 3]) await machines.braidlog(id, [...format!, '--release-version', OLDER])
  await Promise.all([1, 2, 3].map((id) => machines.start(id, start!)))
  kafka = new Kafka({ bootstrapServers: machines.bootstrapServers.slice(0, 3) })
})
after(async () => {
  await kafka?.close()
  await machines?.[Symbol.asyncDispose]()
})

test('three machines make one cluster, whose controllers vote', async () => {
  const { voters, observers } = await status()
  assert.deepEqual([idsOf(voters), idsOf(observers)], [[1, 2, 3], []])
  await kafka.admin().createTopics([{ name: TOPIC, partitions: PARTITIONS }])
  await healthy()
})

test('they are restarted one after the other, and no request fails', async () => {
  const load = new Load(kafka)
  const [, health] = page.commands('Restart one node after another')
  assert.deepEqual(health, ['cluster', 'health'])
  const [, , start] = page.commands(MACHINES)
  const { leader } = await status()
  for (const id of [1, 2, 3].toSorted((a, b) => Number(a === leader) - Number(b === leader))) {
    await healthy()
    assert.equal(await machines.stop(id), 0, `node ${id} stops in order`)
    await machines.start(id, start!)
  }
  await healthy()
  const { failures, acknowledged, longestMs } = await load.finish()
  assert.deepEqual(failures, [])
  assert.ok(acknowledged.length > 100, `${acknowledged.length} records were sent`)
  const read: string[] = []
  for await (const record of kafka.reader({ assign: [TOPIC], until: 'end' })) read.push(String(record.value))
  assert.deepEqual(read.toSorted(), acknowledged.toSorted(), 'everything is there, once')
  console.log(`  ${acknowledged.length} records, the longest took ${Math.round(longestMs)} ms`)
})

test('when all run the new version, its features are finalized', async () => {
  interface Upgrade {
    readonly changes: readonly { readonly name: string }[]
  }
  const commands = page.commands('Upgrade')
  assert.deepEqual(
    commands.map(([, verb]) => verb),
    ['features', 'upgrade', 'upgrade'],
  )
  const [features, dryRun, upgrade] = commands
  const levels = async (): Promise<Map<string, number | null>> => {
    const { features: all } = await data<{ features: { name: string; finalized: number | null }[] }>(...features!)
    return new Map(all.map(({ name, finalized }) => [name, finalized]))
  }
  const earlier = await levels()
  assert.ok((await data<Upgrade>(...dryRun!)).changes.some(({ name }) => name === 'metadata.version'))
  assert.deepEqual(await levels(), earlier, 'a dry run changes nothing')
  await machines.braidlog(1, upgrade!)
  assert.ok((await levels()).get('metadata.version')! > earlier.get('metadata.version')!)
  await healthy()
  await kafka.producer().send({ topic: TOPIC, value: 'after' })
})

test('a fourth controller joins, votes, and is taken away again', async () => {
  const [format, start, quorumStatus, addVoter, removeVoter] = page.commands('Add a controller, or take one away')
  await machines.braidlog(4, format!)
  await machines.start(4, start!)
  await eventually(async () => {
    const { observers } = await data<QuorumStatus>(...quorumStatus!)
    return observers.some(({ nodeId, logEndOffset }) => nodeId === 4 && logEndOffset > 0) ? true : undefined
  }, 'node 4 follows')
  await machines.braidlog(1, addVoter!)
  assert.deepEqual(idsOf((await status()).voters), [1, 2, 3, 4])
  // A majority of four is three: with one of the first three away, the fourth is needed.
  const { leader } = await status()
  const away = [1, 2, 3].find((id) => id !== leader)!
  await machines.stop(away)
  await kafka.admin().createTopics([{ name: 'with-four', partitions: 1, replicationFactor: 2 }])
  await machines.start(away, start!)
  await machines.braidlog(1, removeVoter!)
  assert.deepEqual(idsOf((await status()).voters), [1, 2, 3])
  await eventually(
    async () => (idsOf((await status()).observers).includes(4) ? true : undefined),
    'node 4 follows again',
  )
  await healthy()
})

/** Sends one record after the other to every partition, with acks=all; the client may look for the new leader, and must not fail. */
class Load {
  readonly #acknowledged: string[] = []
  readonly #failures: unknown[] = []
  readonly #senders: Promise<void>[]
  #longestMs = 0
  #isOver = false

  constructor(kafka: Kafka) {
    const producer = kafka.producer({ acks: 'all' })
    this.#senders = Array.from({ length: PARTITIONS }, async (_, partition) => {
      for (let number = 0; !this.#isOver; number++) {
        const value = `${partition}-${number}`
        const startedMs = performance.now()
        try {
          await producer.send({ topic: TOPIC, partition, value })
          this.#acknowledged.push(value)
        } catch (error) {
          this.#failures.push(error)
        }
        this.#longestMs = Math.max(this.#longestMs, performance.now() - startedMs)
        await delay(PAUSE_MS)
      }
    })
  }

  async finish() {
    this.#isOver = true
    await Promise.all(this.#senders)
    return { acknowledged: this.#acknowledged, failures: this.#failures, longestMs: this.#longestMs }
  }
}
