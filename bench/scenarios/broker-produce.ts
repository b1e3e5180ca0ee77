/** What the server spends on a gigabyte produced. */
import { produceJava } from '../loads/java.ts'
import { sizeName, spentMetrics, spentText, type Batches, type ProduceLoad } from '../loads/measure.ts'
import { produceRdkafka } from '../loads/rdkafka.ts'
import { inRounds, inTurns, type Scenario } from '../samples.ts'
import { withBoth } from '../servers.ts'
import { withTopic } from '../topics.ts'

const partitions = 4
const batchNames: Readonly<Record<Batches, string>> = { '16KiB': '16 KiB', default: 'default', '1MiB': '1 MiB' }

interface Cell {
  readonly name: string
  readonly load: Omit<ProduceLoad, 'topic' | 'records'>
  readonly producers: number
  readonly megabytes: number
}

const cells: readonly Cell[] = [1024, 100].flatMap((recordSizeBytes) =>
  (['16KiB', 'default', '1MiB'] as const).flatMap((batches) =>
    ([1, 'all'] as const).flatMap((acks) =>
      [1, 3].map((producers) => ({
        name: `${sizeName(recordSizeBytes)}, ${batchNames[batches]} batches, acks=${acks}, ${producers === 1 ? '1 producer' : `${producers} producers`}`,
        load: { recordSizeBytes, batches, acks },
        producers,
        megabytes: recordSizeBytes === 1024 ? 200 : 60,
      })),
    ),
  ),
)

export const brokerProduce: Scenario = {
  name: 'broker-produce',
  title: 'CPU per gigabyte produced',
  about:
    'rdkafka_performance (librdkafka) writes to four partitions of a fresh topic. Its default batches hold up to 1,000,000 bytes or what ' +
    'gathers in 5 ms. MB/s is mostly what the load program can do beside the server on the same two cores; CPU seconds of the server per ' +
    'gigabyte of payload are its own.',
  durability: 'page-cache',
  minutes: 3,
  goals: [
    { text: 'at most 0.8 of the CPU, 1 KiB records', metric: /CPU/, case: /^1 KiB/, bound: { ratio: 0.8 } },
    { text: 'at most 0.8 of the CPU, 100 B records', metric: /CPU/, case: /^100 B/, bound: { ratio: 0.8 } },
  ],
  plots: ['server CPU s/GB'],
  async run(options) {
    const { quick, rounds, say, record } = options
    await withBoth('page-cache', async (servers) => {
      const round = async (number: number): Promise<void> => {
        for (const { name, load, producers, megabytes } of cells) {
          for (const server of inTurns(servers, number)) {
            // Round 0 warms the servers up and does not count.
            const sizeBytes = megabytes * 1e6 * (number === 0 ? 0.25 : quick ? 0.5 : 1)
            const records = Math.round(sizeBytes / load.recordSizeBytes)
            const spent = await withTopic(server, 'produce', partitions, () =>
              produceRdkafka(server, { topic: 'produce', records, ...load }, producers),
            )
            if (number === 0) continue
            say(`${number}/${rounds} ${server.name}: ${name}: ${spentText(spent)}`)
            record({ case: name, subject: server.name }, spentMetrics(spent))
          }
        }
      }
      await round(0)
      await inRounds(options, round)
    })
  },
}

export const brokerProduceJava: Scenario = {
  name: 'broker-produce-java',
  title: "Produce with Apache Kafka's own load",
  about: 'ProducerPerformance with default settings, 1 KiB records, acks=all, four partitions.',
  durability: 'page-cache',
  minutes: 0.6,
  async run(options) {
    const { quick, rounds, say, record } = options
    await withBoth('page-cache', async (servers) => {
      await inRounds(options, async (number) => {
        for (const server of inTurns(servers, number)) {
          const load = { topic: 'produce', recordSizeBytes: 1024, batches: 'default', acks: 'all' } as const
          const records = quick ? 100_000 : 400_000
          const spent = await withTopic(server, load.topic, partitions, () => produceJava(server, { ...load, records }))
          say(`${number}/${rounds} ${server.name}: ${spentText(spent)}`)
          record({ case: 'ProducerPerformance, 1 KiB, acks=all', subject: server.name }, spentMetrics(spent))
        }
      })
    })
  },
}
