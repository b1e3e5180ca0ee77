/** Consume from the beginning of a topic, and at its end while it grows. */
import { consumeJava, consumeRdkafka, produceRdkafka, tailRdkafka, type Spent } from '../loads.ts'
import { samplesOf, type Sample, type Scenario } from '../samples.ts'
import { withAdmin, withBoth, withTopic } from '../servers.ts'

const partitions = 4
const sizes = [100, 1024] as const
const sizeName = (recordSizeBytes: number): string => (recordSizeBytes === 100 ? '100 B' : '1 KiB')

function metrics(spent: Spent): Record<string, number> {
  return { 'MB/s': spent.megabytesPerSecond, 'server CPU s/GB': spent.serverCpuSecondsPerGigabyte }
}

export const brokerConsume: Scenario = {
  name: 'broker-consume',
  title: 'Consume',
  about:
    'A group of one consumer reads four partitions that were produced with the default batches of librdkafka and lie in the page cache. ' +
    'Tail reads: the consumer waits at the end while a producer writes; the server does both, the payload counts once.',
  async run({ quick, rounds, say }) {
    const samples: Sample[] = []
    const megabytes = (recordSizeBytes: number): number => (quick ? 1 : 4) * (recordSizeBytes === 100 ? 100 : 300)
    const recordsOf = (recordSizeBytes: number): number =>
      Math.round((megabytes(recordSizeBytes) * 1e6) / recordSizeBytes)
    await withBoth('page-cache', async (servers) => {
      for (const server of servers) {
        for (const recordSizeBytes of sizes) {
          const topic = `consume-${recordSizeBytes}`
          await withAdmin(server, (admin) =>
            admin.createTopics({ topics: [{ topic, numPartitions: partitions }], waitForLeaders: true }),
          )
          await produceRdkafka(server, {
            topic,
            records: recordsOf(recordSizeBytes),
            recordSizeBytes,
            acks: 'all',
            batches: 'default',
          })
        }
      }
      for (let round = 0; round <= rounds; round++) {
        for (const recordSizeBytes of sizes) {
          const records = recordsOf(recordSizeBytes)
          for (const server of round % 2 === 0 ? servers : servers.toReversed()) {
            const note = (name: string, spent: Spent): void => {
              say(
                `${round}/${rounds} ${server.name}: ${name}: ${spent.megabytesPerSecond.toFixed(0)} MB/s, ${spent.serverCpuSecondsPerGigabyte.toFixed(2)} s/GB`,
              )
              if (round > 0) samples.push(...samplesOf({ case: name, subject: server.name }, metrics(spent)))
            }
            const load = { topic: `consume-${recordSizeBytes}`, records, recordSizeBytes }
            note(`${sizeName(recordSizeBytes)}, from the beginning`, await consumeRdkafka(server, load))
            if (recordSizeBytes === 1024)
              note(`Java client, ${sizeName(recordSizeBytes)}, from the beginning`, await consumeJava(server, load))
            const topic = `tail-${round}-${recordSizeBytes}`
            const tail = {
              topic,
              records: Math.ceil(records / 2),
              recordSizeBytes,
              acks: 1,
              batches: 'default',
            } as const
            note(
              `${sizeName(recordSizeBytes)}, tail reads while producing`,
              await withTopic(server, topic, partitions, () => tailRdkafka(server, tail)),
            )
          }
        }
      }
    })
    return samples
  },
}
