/** Our client beside other JavaScript clients, each in a process of its own, against the same server. */
import { join } from 'node:path'
import process from 'node:process'
import { run } from '../../conformance/peers/process.ts'
import type { PeerServer } from '../../conformance/peers/server.ts'
import type { ClientJob, ClientResult } from '../client-process.ts'
import { produceRdkafka } from '../loads.ts'
import { samplesOf, type Sample, type Scenario, type ScenarioOptions } from '../samples.ts'
import { startSubject, withAdmin, withTopic } from '../servers.ts'

const clients = ['braidlog', 'kafkajs', 'platformatic', 'crab'] as const
const partitions = 4

const apart =
  ' Each library runs alone in its process with its own defaults and acks=all, against our server with page-cache durability. ' +
  '@confluentinc/kafka-javascript is not in the table: its binary is downloaded by an install script from outside the npm registry, and ' +
  'its source build fetches more. kafka-crab-js is absent where npm ran under another Node.js than 24, which it insists on.'

async function measure(job: ClientJob): Promise<ClientResult> {
  const { stdout } = await run(
    process.execPath,
    [join(import.meta.dirname, '..', 'client-process.ts'), JSON.stringify(job)],
    { timeoutMs: 180_000 },
  )
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as ClientResult
}

/** The line of a child's output that names the error. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return (
    text
      .split('\n')
      .find((line) => /Error:/.test(line))
      ?.trim()
      .slice(0, 200) ?? text.slice(0, 200)
  )
}

interface Work {
  readonly name: string
  readonly workload: ClientJob['workload']
  readonly width: number
  records(quick: boolean): number
}

/** Runs every work with every client in every round; a client that fails is reported as absent and not tried again. */
async function rounds(
  works: readonly Work[],
  options: ScenarioOptions,
  server: PeerServer,
  topicOf: (work: Work, round: number) => string | undefined,
): Promise<Sample[]> {
  const samples: Sample[] = []
  const failed = new Set<string>()
  for (let round = 0; round < options.rounds; round++) {
    for (const work of works) {
      for (const client of round % 2 === 0 ? clients : clients.toReversed()) {
        if (failed.has(`${work.name} ${client}`)) continue
        const existing = topicOf(work, round)
        const topic = existing ?? `client-${client}-${work.workload}-${round}`
        const job: ClientJob = {
          bootstrap: server.bootstrap,
          topic,
          client,
          workload: work.workload,
          records: work.records(options.quick),
          recordSizeBytes: 100,
          width: work.width,
        }
        try {
          const result =
            existing === undefined ? await withTopic(server, topic, partitions, () => measure(job)) : await measure(job)
          const metrics = {
            'records/s': result.records / result.seconds,
            'client CPU µs/record': (result.cpuSeconds / result.records) * 1e6,
          }
          options.say(
            `${round + 1}/${options.rounds} ${client}: ${work.name}: ${Math.round(metrics['records/s']).toLocaleString('en-US')} records/s`,
          )
          samples.push(...samplesOf({ case: work.name, subject: client }, metrics))
        } catch (error) {
          failed.add(`${work.name} ${client}`)
          options.say(`${client}: ${work.name} failed: ${reasonOf(error)}`)
        }
      }
    }
  }
  return samples
}

export const clientProduce: Scenario = {
  name: 'client-produce',
  title: 'Producing with JavaScript clients',
  about: `Values of 100 B to four partitions.${apart}`,
  async run(options) {
    const works: Work[] = [
      {
        name: '256 concurrent single sends',
        workload: 'single',
        width: 256,
        records: (quick) => (quick ? 20_000 : 100_000),
      },
      { name: 'one send after the other', workload: 'single', width: 1, records: (quick) => (quick ? 1000 : 5000) },
      {
        name: 'batches of 100, five in flight',
        workload: 'batch',
        width: 100,
        records: (quick) => (quick ? 100_000 : 500_000),
      },
      {
        name: 'batches of 1,000, five in flight',
        workload: 'batch',
        width: 1000,
        records: (quick) => (quick ? 200_000 : 1_000_000),
      },
    ]
    const server = await startSubject('braidlog', 'page-cache')
    try {
      return await rounds(works, options, server, () => undefined)
    } finally {
      await server.stop()
    }
  },
}

export const clientConsume: Scenario = {
  name: 'client-consume',
  title: 'Consuming with JavaScript clients',
  about: `A group of one member reads 100 B records from four partitions, from the first record on.${apart}`,
  async run(options) {
    const records = (quick: boolean): number => (quick ? 300_000 : 2_000_000)
    const works: Work[] = [
      { name: 'batch by batch', workload: 'consume-batch', width: 1, records },
      { name: 'record by record', workload: 'consume-record', width: 1, records },
    ]
    const server = await startSubject('braidlog', 'page-cache')
    try {
      const topic = 'client-consume'
      await withAdmin(server, (admin) =>
        admin.createTopics({ topics: [{ topic, numPartitions: partitions }], waitForLeaders: true }),
      )
      await produceRdkafka(server, {
        topic,
        records: records(options.quick),
        recordSizeBytes: 100,
        acks: 'all',
        batches: 'default',
      })
      return await rounds(works, options, server, () => topic)
    } finally {
      await server.stop()
    }
  },
}
