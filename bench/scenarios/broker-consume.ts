/** What the server spends on a gigabyte consumed: at the end of a topic while it grows, and in catch-up from the disk. */
import { consumeJava } from '../loads/java.ts'
import { sizeName, spentMetrics, spentText, type Spent } from '../loads/measure.ts'
import { consumeRdkafka, produceRdkafka, tailRdkafka } from '../loads/rdkafka.ts'
import { dropFromPageCache } from '../page-cache.ts'
import { inRounds, inTurns, type Scenario } from '../samples.ts'
import { withBoth } from '../servers.ts'
import { createTopic, withTopic } from '../topics.ts'

const partitions = 4

/** Batches are no larger than the answers, or a broker would have to exceed them. */
const shapes = [1024, 100].flatMap((recordSizeBytes) =>
  (
    [
      { fetch: '64KiB', fetchName: '64 KiB fetches', batches: '16KiB' },
      { fetch: '1MiB', fetchName: '1 MiB fetches', batches: 'default' },
    ] as const
  ).map((shape) => ({
    ...shape,
    recordSizeBytes,
    topic: `consume-${recordSizeBytes}-${shape.batches}`,
    megabytes: 400,
  })),
)

export const brokerConsume: Scenario = {
  name: 'broker-consume',
  title: 'CPU per gigabyte consumed',
  about:
    'A group of one consumer, rdkafka_performance, reads four partitions. From disk: the segments were dropped from the page cache before. ' +
    'From the page cache: the same without. At the tail: the consumer waits at the end while a producer writes; the server does both, the ' +
    'payload counts once. 64 KiB fetches meet batches of 16 KiB, 1 MiB fetches those of up to 1,000,000 bytes. Apache Kafka hands pages ' +
    'from the file to the socket (sendfile); Node.js offers no such call.',
  durability: 'page-cache',
  minutes: 4,
  goals: [
    { text: 'at most as much CPU, from disk', metric: /CPU/, case: /disk/, bound: { ratio: 1 } },
    { text: 'at most as much CPU, at the tail', metric: /CPU/, case: /tail/, bound: { ratio: 1 } },
  ],
  plots: ['server CPU s/GB'],
  async run(options) {
    const { quick, rounds, say, record } = options
    const recordsOf = (shape: (typeof shapes)[number]): number =>
      Math.round((shape.megabytes * 1e6 * (quick ? 0.5 : 1)) / shape.recordSizeBytes)
    await withBoth('page-cache', async (servers) => {
      for (const server of servers) {
        for (const shape of shapes) {
          const { topic, recordSizeBytes, batches } = shape
          await createTopic(server, topic, partitions)
          const load = { topic, records: recordsOf(shape), recordSizeBytes, acks: 'all', batches } as const
          await produceRdkafka(server, load)
          await consumeRdkafka(server, load, shape.fetch) // Warms the server up.
        }
      }
      await inRounds(options, async (number) => {
        for (const shape of shapes) {
          const { topic, recordSizeBytes, fetch, batches } = shape
          for (const server of inTurns(servers, number)) {
            const note = (name: string, spent: Spent): void => {
              const text = `${sizeName(recordSizeBytes)}, ${shape.fetchName}, ${name}`
              say(`${number}/${rounds} ${server.name}: ${text}: ${spentText(spent)}`)
              record({ case: text, subject: server.name }, spentMetrics(spent))
            }
            const load = { topic, records: recordsOf(shape), recordSizeBytes }
            await dropFromPageCache(server.dir, topic)
            note('from disk', await consumeRdkafka(server, load, fetch))
            note('from the page cache', await consumeRdkafka(server, load, fetch))
            const tail = {
              topic: 'tail',
              records: Math.ceil(load.records / 2),
              recordSizeBytes,
              acks: 1,
              batches,
            } as const
            note('at the tail', await withTopic(server, 'tail', partitions, () => tailRdkafka(server, tail, fetch)))
          }
        }
      })
    })
  },
}

export const brokerConsumeJava: Scenario = {
  name: 'broker-consume-java',
  title: "Consume with Apache Kafka's own load",
  about: 'ConsumerPerformance with default settings reads 1 KiB records from four partitions in the page cache.',
  durability: 'page-cache',
  minutes: 0.6,
  async run(options) {
    const { quick, rounds, say, record } = options
    const load = { topic: 'consume', records: quick ? 100_000 : 500_000, recordSizeBytes: 1024 }
    await withBoth('page-cache', async (servers) => {
      for (const server of servers) {
        await createTopic(server, load.topic, partitions)
        await produceRdkafka(server, { ...load, acks: 'all', batches: 'default' })
      }
      await inRounds(options, async (number) => {
        for (const server of inTurns(servers, number)) {
          const spent = await consumeJava(server, load)
          say(`${number}/${rounds} ${server.name}: ${spentText(spent)}`)
          record({ case: 'ConsumerPerformance, 1 KiB', subject: server.name }, spentMetrics(spent))
        }
      })
    })
  },
}
